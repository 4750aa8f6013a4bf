// What strictness costs: y = tanh(a*x+b)*sigmoid(c*x) - log1p(exp(x)), float32, with the formulas of
// csrc/vector_math.h and with one of their promises dropped at a time. Compiled with the flags of kernels, one thread.
// usage: strict <elements>; a JSON line a variant
#include "common.h"
#include "../../../csrc/vector_math.h"
// The promises, as bits: arguments may be of any size; NaN goes in and comes out; errors of 2 units in the last place, not 3.
enum { RANGE = 1, NANS = 2, EXACT = 4, ALL = RANGE | NANS | EXACT };

DAMO_FN float tanh_of(float x, int keep) {
  if (keep & EXACT) {
    if (keep & RANGE) return tanh_f32(x);
    float z = x * x, p = -0.00628260337f;
    p = fma_f32(p, z, 0.0210779011f);
    p = fma_f32(p, z, -0.0538539067f);
    p = fma_f32(p, z, 0.133326024f);
    p = fma_f32(p, z, -0.333333194f);
    ExpSlope32 e = exp_slope_f32(2.0f * abs_f32(x), 127.0f);
    float s = f32_from_bits(e.bits << 23), large = 1.0f - 2.0f / fma_f32(s * e.r, e.slope, s + 1.0f);
    return copysign_f32(abs_f32(x) >= 0.55f ? large : fma_f32(p, z * x, x), x);
  }
  // The rational function of common.h, which is one of a range whatever is promised.
  const float most = 7.90531110763549805f;
  if (keep & NANS) x = x > most ? most : x, x = x < -most ? -most : x;
  else x = x < most ? x : most, x = x > -most ? x : -most;
  float s = x * x, p = -2.76076847742355e-16f, q = 1.19825839466702e-06f;
  p = fma_f32(p, s, 2.00018790482477e-13f);
  p = fma_f32(p, s, -8.60467152213735e-11f);
  p = fma_f32(p, s, 5.12229709037114e-08f);
  p = fma_f32(p, s, 1.48572235717979e-05f);
  p = fma_f32(p, s, 6.37261928875436e-04f);
  p = fma_f32(p, s, 4.89352455891786e-03f);
  q = fma_f32(q, s, 1.18534705686654e-04f);
  q = fma_f32(q, s, 2.26843463243900e-03f);
  q = fma_f32(q, s, 4.89352518554385e-03f);
  return p * x / q;
}

DAMO_FN float sigmoid_of(float x, int keep) {
  if (keep == ALL) return sigmoid_f32(x);
  if ((keep & RANGE) && !(keep & NANS)) x = x > -87.0f ? x : -87.0f, x = x < 60.0f ? x : 60.0f;
  ExpSlope32 e = exp_slope_f32(-x, 127.0f - 32.0f);
  float s = f32_from_bits(e.bits << 23), most = s + 0x1p-32f, d = fma_f32(s * e.r, e.slope, most);
  float y = keep & EXACT ? quotient_f32(1.0f, d, fma_f32(s * e.r, e.slope, most - d)) * 0x1p-32f : 0x1p-32f / d;
  if (!(keep & RANGE) || !(keep & NANS)) return y;
  y = x < -104.0f ? 0.0f : y;
  return x > 60.0f ? 1.0f : y;
}

DAMO_FN float softplus_of(float x, int keep) {
  if ((keep & RANGE) && (keep & NANS)) return softplus_f32(x);
  float a = keep & RANGE ? abs_up_to_f32(x, 0x42d00000u) : abs_f32(x);
  ExpSlope32 e = exp_slope_f32(-a, 127.0f + 24.0f);
  float large = fma_f32(e.r, e.slope, 1.0f) * f32_from_bits(e.bits << 23), u = large * 0x1p-24f, p = -0.00329046859f;
  p = fma_f32(p, u, 0.0200862419f);
  p = fma_f32(p, u, -0.057457231f);
  p = fma_f32(p, u, 0.106611282f);
  p = fma_f32(p, u, -0.153448805f);
  p = fma_f32(p, u, 0.196921021f);
  p = fma_f32(p, u, -0.24958019f);
  p = fma_f32(p, u, 0.333304644f);
  p = fma_f32(p, u, -0.499999315f);
  float above = keep & NANS ? (x < 0.0f ? 0.0f : x) : (x > 0.0f ? x : 0.0f);
  return fma_f32(fma_f32(large, p * u, large), 0x1p-24f, above);
}

#define VARIANT(name, keep) \
  __attribute__((noinline)) static void name(float *restrict y, const float *restrict x, size_t n) { \
    for (size_t i = 0; i < n; i++) \
      y[i] = tanh_of(1.3f * x[i] + .1f, keep) * sigmoid_of(.7f * x[i], keep) - softplus_of(x[i], keep); \
  }
VARIANT(strict, ALL)
VARIANT(no_range, NANS | EXACT)
VARIANT(no_nans, RANGE | EXACT)
VARIANT(no_exact, RANGE | NANS)
VARIANT(nothing, 0)

typedef struct { const char *name; void (*kern)(float *restrict, const float *restrict, size_t); } Variant;
static float *x, *y; static size_t N;
static void run(void *c, int n) { while (n--) ((Variant *)c)->kern(y, x, N); }
int main(int argc, char **argv) {
  N = argc > 1 ? (size_t)atol(argv[1]) : 10000;
  x = xalloc(N * 4); y = xalloc(N * 4);
  for (size_t i = 0; i < N; i++) x[i] = (frand() - .5f) * 20.f;
  Variant all[] = {{"strict", strict}, {"no clamping", no_range}, {"NaN dropped", no_nans}, {"3 ulp", no_exact}, {"all three", nothing}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    run(&all[k], 1);
    double err = 0;
    for (size_t i = 0; i < N; i++) {
      double r = tanh(1.3f * x[i] + .1f) / (1 + exp(-.7f * x[i])) - log1p(exp(x[i])), d = fabs(y[i] - r) / (fabs(r) + 1e-3);
      if (d > err) err = d;
    }
    if (err > 1e-5) return fprintf(stderr, "%s: relative error %.2g\n", all[k].name, err), 1;
    measure(run, &all[k], (double)N, 0.05, 7, 1, "strictness", all[k].name, 0, 1, "ns/element");
  }
  return 0;
}
