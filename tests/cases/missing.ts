/** The recorded operations that the public API does not have, and why: closed lists. A new operation leaves its list for a vocabulary. */

/** What Damo does not have yet, by subject. */
const YET: { readonly [subject: string]: readonly string[] } = {
  "sparse matrices": [
    ...["construct_sparse_from_list", "csm", "csm_properties"],
    ...["dense_from_sparse", "sparse_from_dense", "sp_add_s_d", "sp_add_s_s"],
    ...["sp_add_s_s_data", "sp_cast", "sp_col_scale", "sp_diag", "sp_dot"],
    ...["sp_ensure_sorted_indices", "sp_ge_s_d", "sp_ge_s_s"],
    ...["sp_get_item_2d", "sp_get_item_2lists", "sp_get_item_list"],
    ...["sp_get_item_scalar", "sp_gt_s_d", "sp_gt_s_s", "sp_hstack"],
    ...["sp_le_s_d", "sp_le_s_s", "sp_lt_s_d", "sp_lt_s_s", "sp_mul_s_d"],
    ...["sp_mul_s_s", "sp_mul_s_v", "sp_neg", "sp_remove0", "sp_row_scale"],
    ...["sp_sampling_dot", "sp_square_diagonal", "sp_structured_add_s_v"],
    ...["sp_structured_dot", "sp_sum", "sp_transpose", "sp_true_dot"],
    "sp_vstack",
  ],
};

/** What Damo will not have. */
const NEVER: { readonly [reason: string]: readonly string[] } = {
  "complex numbers are out of scope": [
    ...["complex", "complex_from_polar", "conj", "fourier", "imag", "real"],
  ],
  "applies a gradient directly": [
    "batch_norm_train_grad",
  ],
};

/** Why each operation that is in no vocabulary is skipped. */
export const MISSING: ReadonlyMap<string, string> = new Map([
  ...Object.entries(YET).flatMap(([subject, ops]) =>
    ops.map((op) => [op, `damo has no ${subject} yet`] as const)
  ),
  ...Object.entries(NEVER).flatMap(([reason, ops]) =>
    ops.map((op) => [op, reason] as const)
  ),
]);
