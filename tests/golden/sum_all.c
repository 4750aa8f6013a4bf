/* sum: float32 x -> float64 y; i < length, part < parts */
typedef double KERNEL_f64x8 __attribute__((vector_size(64)));
typedef float KERNEL_f32x8 __attribute__((vector_size(32)));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  double *y = args[1]->data;
  const int64_t *n = args[2]->data;
  const int64_t n_i = n[1];
  const int64_t even = (n_i + 4095) / 4096 * 64;
  const int64_t most = even > 16384 ? even : 16384;
  for (int64_t part = lo; part < hi; part++) {
    const int64_t first = part * most < n_i ? part * most : n_i;
    const int64_t length = n_i - first < most ? n_i - first : most;
    const int64_t from0 = first;
    KERNEL_f64x8 sum0 = {0};
    KERNEL_f64x8 sum0_1 = {0};
    KERNEL_f64x8 sum0_2 = {0};
    KERNEL_f64x8 sum0_3 = {0};
    KERNEL_f64x8 rest0 = {0};
    for (int64_t i = 0; i + 32 <= length; i += 32) {
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[from0 + i + lane];
        }
        sum0 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[from0 + i + 8 + lane];
        }
        sum0_1 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[from0 + i + 16 + lane];
        }
        sum0_2 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[from0 + i + 24 + lane];
        }
        sum0_3 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
    }
    for (int64_t i = length - length % 32; i + 8 <= length; i += 8) {
      {
        KERNEL_f32x8 next;
        for (int lane = 0; lane < 8; lane++) {
          next[lane] = x[from0 + i + lane];
        }
        sum0 += DAMO_DOUBLES(KERNEL_f64x8, next);
      }
    }
    {
      const int64_t tail = length % 8;
      const int64_t i = length - tail;
      for (int lane = 0; lane < 8; lane++) {
        double next = rest0[lane];
        if (lane < tail) {
          next += (double)x[from0 + i + lane];
        }
        rest0[lane] = next;
      }
    }
    for (int lane = 0; lane < 8; lane++) {
      sum0[lane] += sum0_2[lane];
      sum0_1[lane] += sum0_3[lane];
      sum0[lane] += sum0_1[lane];
      rest0[lane] += sum0[lane];
    }
    for (int lane = 0; lane < 4; lane++) rest0[lane] += rest0[lane + 4];
    for (int lane = 0; lane < 2; lane++) rest0[lane] += rest0[lane + 2];
    rest0[0] += rest0[1];
    const double s0 = rest0[0];
    y[part] = s0;
  }
  return DAMO_OK;
}
/* extents: [64,30000] */

/* sum: float32 x, float64 found -> float32 y; part < parts */
typedef double KERNEL_f64x8 __attribute__((vector_size(64)));
int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  const float *x = args[0]->data;
  const double *found = args[1]->data;
  float *y = args[2]->data;
  const int64_t *n = args[3]->data;
  const int64_t parts = n[0];
  KERNEL_f64x8 sum0 = {0};
  KERNEL_f64x8 sum0_1 = {0};
  KERNEL_f64x8 sum0_2 = {0};
  KERNEL_f64x8 sum0_3 = {0};
  KERNEL_f64x8 rest0 = {0};
  for (int64_t part = 0; part + 32 <= parts; part += 32) {
    for (int lane = 0; lane < 8; lane++) {
      sum0[lane] += found[part + lane];
    }
    for (int lane = 0; lane < 8; lane++) {
      sum0_1[lane] += found[part + 8 + lane];
    }
    for (int lane = 0; lane < 8; lane++) {
      sum0_2[lane] += found[part + 16 + lane];
    }
    for (int lane = 0; lane < 8; lane++) {
      sum0_3[lane] += found[part + 24 + lane];
    }
  }
  for (int64_t part = parts - parts % 32; part + 8 <= parts; part += 8) {
    for (int lane = 0; lane < 8; lane++) {
      sum0[lane] += found[part + lane];
    }
  }
  {
    const int64_t tail = parts % 8;
    const int64_t part = parts - tail;
    for (int lane = 0; lane < 8; lane++) {
      double next = rest0[lane];
      if (lane < tail) {
        next += found[part + lane];
      }
      rest0[lane] = next;
    }
  }
  for (int lane = 0; lane < 8; lane++) {
    sum0[lane] += sum0_2[lane];
    sum0_1[lane] += sum0_3[lane];
    sum0[lane] += sum0_1[lane];
    rest0[lane] += sum0[lane];
  }
  for (int lane = 0; lane < 4; lane++) rest0[lane] += rest0[lane + 4];
  for (int lane = 0; lane < 2; lane++) rest0[lane] += rest0[lane + 2];
  rest0[0] += rest0[1];
  const double s0 = rest0[0];
  y[0] = (float)s0;
  return DAMO_OK;
}
/* extents: [64,30000] */
