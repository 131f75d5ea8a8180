from __future__ import annotations

import json

import pytest

from codeeval.sandbox.codec import encode, loads
from codeeval.tasks.evalplus_inputs import CONVERSIONS, from_json, to_json
from codeeval.tasks.source import read_records
from tests.data import data_path


@pytest.mark.parametrize(
    ("number", "args", "expected"),
    [
        (3, [[1, [2]]], ([1, [2]],)),
        (2, [[1, 2], [3]], ((1, 2), (3,))),
        (63, [[[1, 2], [3, 4]]], ([(1, 2), (3, 4)],)),
        (75, [[[1], [2]], 6], ([(1,), (2,)], 6)),
        (106, [[1], [2]], ([1], (2,))),
        (250, [[1, 2], 3], ((1, 2), 3)),
        (307, [[1, 2], 3, [4]], ((1, 2), 3, [4])),
        (259, [[[1], [2]], [[3]]], (((1,), (2,)), ((3,),))),
        (278, [[1, [2, 3], "x"]], ((1, (2, 3), "x"),)),
        (722, [{"a": [1, 2]}, 3, [4]], ({"a": (1, 2)}, 3, [4])),
        (580, [[1, [2, [3]]], "x"], ((1, (2, (3,))), "x")),
        (115, [[[1, 2], [], {}]], ([{1, 2}, {}, {}],)),
        (124, ["2", "1j"], (2.0, 1j)),
        (252, [1], (1 + 0j,)),
        (252, ["1+2j"], (1 + 2j,)),
    ],
)
def test_conversions(number, args, expected):
    converted = from_json(number, args)
    assert converted == expected
    assert repr(converted) == repr(expected), "types count too"


def test_the_table_has_the_numbers_of_the_rules():
    assert len(CONVERSIONS) == 22 + 15 + 4 + 2 + 8 - 1 + 1 + 3 + 1 + 1 + 3 + 3


@pytest.mark.parametrize(
    ("number", "args", "expected"),
    [
        (115, ([{1}, {}],), [[[1], {}]]),
        (124, (2.0, 1j), ["2.0", "1j"]),
        (252, (1 + 0j,), ["(1+0j)"]),
        (2, ((1,), (2,)), [(1,), (2,)]),
    ],
)
def test_the_way_back(number, args, expected):
    assert to_json(number, args) == expected


@pytest.mark.parametrize("release", ["0.1.0", "0.2.0"])
def test_every_input_converts_is_carried_by_the_codec_and_goes_back_to_json(release):
    for record in read_records(
        data_path("correctness", "mbppplus", f"MbppPlus-v{release}.jsonl.gz")
    ):
        number = int(record["task_id"].rpartition("/")[2])
        # The base inputs, and as many plus inputs as leave this test quick.
        for args in [*record["base_input"], *list(record["plus_input"])[:5]]:
            converted = from_json(number, args)
            assert loads(encode(converted)) == converted
            back = json.loads(json.dumps(to_json(number, converted)))
            if number not in (115, 124, 252):
                assert back == args
