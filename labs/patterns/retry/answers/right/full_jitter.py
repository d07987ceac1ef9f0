"""Full jitter as in AWS's article, and Retry-After read by hand.

exercise: pause
"""


def pause(number, told):
    drawn = random.uniform(0, min(2.0, 0.15 * 2**number))
    try:
        wanted = float(int(told))
    except TypeError:
        wanted = 0.0
    except ValueError:
        try:
            wanted = parsedate_to_datetime(told).timestamp() - time.time()
        except ValueError:
            wanted = 0.0
    return max(wanted, 0.0) + drawn
