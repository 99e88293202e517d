"""What users of pandas do with JSON: one column a path, and text where the values of a column are of several kinds."""

import json

import pandas


def flat_frame(records):
    frame = pandas.json_normalize(records)
    for name in frame.columns[frame.dtypes == object]:
        kinds = {type(value) for value in frame[name] if value is not None and value == value}
        if len(kinds) > 1 or int in kinds:
            frame[name] = [as_text(value) for value in frame[name]]
    return frame


def as_text(value):
    if value is None or isinstance(value, str):
        return value
    return None if value != value else json.dumps(value)
