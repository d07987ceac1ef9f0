"""The course: which labs there are (catalog), what each one teaches (lesson), how far its learner is (progress)."""
