/* intDiv: int64 x0, int64 x1 -> int64 y; i < n_i */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const int64_t *x0 = args[0]->data;
  const int64_t *x1 = args[1]->data;
  int64_t *y = args[2]->data;
  #pragma GCC ivdep
  for (int64_t i = lo; i < hi; i++) {
    y[i] = floor_div_i64(x0[i], x1[i]);
  }
  return DAMO_OK;
}
/* extents: [100] */
