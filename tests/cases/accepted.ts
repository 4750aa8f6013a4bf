/** Cases in which Damo differs from the record on purpose: a closed list. */

/** By the reason, the ends of the ids. */
const REASONS: { readonly [reason: string]: readonly string[] } = {
  "a JavaScript number takes the dtype of the input it is passed for": [
    "TestFunctionIn::test_in_allow_downcast_vector_floatX#1",
    "Test_pfunc::test_allow_downcast_floatX#3",
  ],
  "an update may change lengths that types leave open": [
    "Test_pfunc::test_update_err_broadcast@f32#1",
  ],
  "damo has the gradient of this mode": [
    "T_Images2Neibs::test_grad_wrap_centered#1",
  ],
  "keys of a JavaScript record are strings": [
    "dictionary_output_checker::test_key_string_requirement#1",
  ],
  "the record does not say that the gradient was asked for in sparse form": [
    "TestConstructSparseFromList::test_err@f32#1",
    "TestConstructSparseFromList::test_err@f32#2",
  ],
};

const ACCEPTED: readonly (readonly [end: string, reason: string])[] = Object
  .entries(REASONS).flatMap(([reason, ends]) =>
    ends.map((end) => [end, reason] as const)
  );

/** Why a failure of this case is accepted, or null. */
export function acceptedReason(id: string): string | null {
  return ACCEPTED.find(([end]) => id.endsWith(end))?.[1] ?? null;
}
