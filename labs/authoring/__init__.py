"""What authors of labs need: notebooks built from a lesson, and the proof that its checks judge rightly."""
