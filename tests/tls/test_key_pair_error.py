from __future__ import annotations

import pickle

from tls.key_pair_error import KeyPairError, KeyPairErrorCode, KeyPairPart


def test_it_reads_as_its_message_and_can_be_pickled() -> None:
    error = KeyPairError(KeyPairErrorCode.MISMATCH, KeyPairPart.PRIVATE_KEY, "They differ: change one.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what was just pickled here
    assert str(error) == str(again) == "They differ: change one."
    assert (again.code, again.part) == ("mismatch", "private_key")
