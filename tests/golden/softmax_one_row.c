/* softmax: float32 x -> float32 y; i < 10 */
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  float *y = args[1]->data;
  float t0 = x[0];
  t0 = maximum_f32(t0, x[8]);
  float t1 = x[1];
  t1 = maximum_f32(t1, x[9]);
  t0 = maximum_f32(t0, x[4]);
  t1 = maximum_f32(t1, x[5]);
  float t2 = x[2];
  t2 = maximum_f32(t2, x[6]);
  float t3 = x[3];
  t3 = maximum_f32(t3, x[7]);
  t0 = maximum_f32(t0, t2);
  t1 = maximum_f32(t1, t3);
  t0 = maximum_f32(t0, t1);
  const float s0 = t0;
  float r0[10];
  #pragma GCC ivdep
  for (int64_t at = 0; at < 10; at++) {
    r0[at] = exp_f32(x[at] - s0);
  }
  float t4 = r0[0];
  t4 += r0[8];
  float t5 = r0[1];
  t5 += r0[9];
  t4 += r0[4];
  t5 += r0[5];
  float t6 = r0[2];
  t6 += r0[6];
  float t7 = r0[3];
  t7 += r0[7];
  t4 += t6;
  t5 += t7;
  t4 += t5;
  const float s1 = t4;
  #pragma GCC ivdep
  for (int64_t at = 0; at < 10; at++) {
    y[at] = r0[at] / s1;
  }
  return DAMO_OK;
}
/* extents: [] */
