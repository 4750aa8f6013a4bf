/* softmax: float32 x -> float32 y; i < n_i, j < 10 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t x_i = n[1], y_i = n[2];
  for (int64_t first = lo; first < hi; first += 32) {
    const int64_t past = hi - first < 32 ? hi : first + 32;
    const int64_t elements = (past - first) * 10;
    float s0[32];
    for (int64_t i = first; i < past; i++) {
      float t0 = x[i * x_i];
      t0 = maximum_f32(t0, x[i * x_i + 8]);
      float t1 = x[i * x_i + 1];
      t1 = maximum_f32(t1, x[i * x_i + 9]);
      t0 = maximum_f32(t0, x[i * x_i + 4]);
      t1 = maximum_f32(t1, x[i * x_i + 5]);
      float t2 = x[i * x_i + 2];
      t2 = maximum_f32(t2, x[i * x_i + 6]);
      float t3 = x[i * x_i + 3];
      t3 = maximum_f32(t3, x[i * x_i + 7]);
      t0 = maximum_f32(t0, t2);
      t1 = maximum_f32(t1, t3);
      t0 = maximum_f32(t0, t1);
      s0[i - first] = t0;
    }
    float r0[320];
    for (int64_t i = first; i < past; i++) {
      const float value = s0[i - first];
      for (int64_t j = 0; j < 10; j++) r0[(i - first) * 10 + j] = value;
    }
    float r1[320];
    #pragma GCC ivdep
    for (int64_t at = 0; at < elements; at++) {
      r1[at] = exp_f32(x[first * x_i + at] - r0[at]);
    }
    float s1[32];
    for (int64_t i = first; i < past; i++) {
      const int64_t row = (i - first) * 10;
      float t4 = r1[row + 0];
      t4 += r1[row + 8];
      float t5 = r1[row + 1];
      t5 += r1[row + 9];
      t4 += r1[row + 4];
      t5 += r1[row + 5];
      float t6 = r1[row + 2];
      t6 += r1[row + 6];
      float t7 = r1[row + 3];
      t7 += r1[row + 7];
      t4 += t6;
      t5 += t7;
      t4 += t5;
      s1[i - first] = t4;
    }
    float r2[320];
    for (int64_t i = first; i < past; i++) {
      const float value = s1[i - first];
      for (int64_t j = 0; j < 10; j++) r2[(i - first) * 10 + j] = value;
    }
    #pragma GCC ivdep
    for (int64_t at = 0; at < elements; at++) {
      y[first * y_i + at] = r1[at] / r2[at];
    }
  }
  return DAMO_OK;
}
/* extents: [60,10,10] */
