/* Scalar math in branch-free inline C that a compiler vectorises inside an ordinary loop.
 *
 * Each function NAME is NAME_f32(float) and NAME_f64(double); integer helpers end in their dtype. Nothing is called:
 * the target needs fma and rounding instructions (x86-64-v3, arm64, CUDA). Of what kernels use, only float mod and
 * floor_div, integer pow and 64-bit integer division are not vectorised.
 *
 * Accuracy: DAMO_UNARY_ULP and DAMO_BINARY_ULP below hold the promises; bench/micro/accuracy.c includes this header,
 * measures and compares. NaN propagates; infinities, signed zeros and denormals are as in C's libm. sin, cos and tan
 * give NaN for |x| > DAMO_TRIG_LIMIT = 2^45. Everything not in the two tables is exact or rounded once.
 *
 * Order of operations is the order of the text, fused only where it says fma: compile with -ffp-contract=off
 * (--fmad=false for CUDA) and never with -ffast-math. Constants are own minimax fits (Remez exchange in 45 digits)
 * except where a comment names their source. */
#ifndef DAMO_VECTOR_MATH_H
#define DAMO_VECTOR_MATH_H

/* The promises. Row: function, worst ulp in f32, worst ulp in f64. The worst errors found over all floats (for the
   first twelve; every third for the others) and over 2e8 doubles (5e7) per function, rounded up to a tenth or two. */
#define DAMO_UNARY_ULP(ROW) \
  ROW(exp,      0.9, 0.8) \
  ROW(expm1,    1.3, 1.3) \
  ROW(sigmoid,  1.7, 1.5) \
  ROW(tanh,     1.4, 1.5) \
  ROW(log,      0.9, 0.9) \
  ROW(log1p,    1.5, 1.5) \
  ROW(softplus, 1.8, 1.8) \
  ROW(exp2,     0.8, 0.8) \
  ROW(log2,     1.9, 1.8) \
  ROW(log10,    2.1, 1.9) \
  ROW(sin,      1.6, 1.6) \
  ROW(cos,      1.6, 1.6) \
  ROW(tan,      3.8, 3.7) \
  ROW(asin,     2.4, 2.3) \
  ROW(acos,     1.2, 1.2) \
  ROW(atan,     1.4, 1.7) \
  ROW(sinh,     1.7, 1.7) \
  ROW(cosh,     1.2, 1.2) \
  ROW(asinh,    2.0, 1.9) \
  ROW(acosh,    2.7, 2.8) \
  ROW(atanh,    2.2, 2.2) \
  ROW(erf,      2.6, 1.8) \
  ROW(erfc,     3.8, 3.4)
#define DAMO_BINARY_ULP(ROW) \
  ROW(atan2,    1.7, 1.8) \
  ROW(pow,      0.6, 1.2)

/* ---- The target: function attributes, bit casts and the instructions used by name ---- */

#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#else
#include <stdint.h>
#endif

#ifdef __CUDACC__
#define DAMO_FN static __device__ __forceinline__
DAMO_FN float f32_from_bits(uint32_t bits) { return __uint_as_float(bits); }
DAMO_FN double f64_from_bits(uint64_t bits) { return __longlong_as_double((long long)bits); }
DAMO_FN uint32_t bits_from_f32(float x) { return __float_as_uint(x); }
DAMO_FN uint64_t bits_from_f64(double x) { return (uint64_t)__double_as_longlong(x); }
DAMO_FN float fma_f32(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DAMO_FN double fma_f64(double a, double b, double c) { return __fma_rn(a, b, c); }
DAMO_FN float copysign_f32(float x, float y) { return copysignf(x, y); }
DAMO_FN double copysign_f64(double x, double y) { return copysign(x, y); }
DAMO_FN float abs_f32(float x) { return fabsf(x); }
DAMO_FN double abs_f64(double x) { return fabs(x); }
DAMO_FN float sqrt_f32(float x) { return __fsqrt_rn(x); }
DAMO_FN double sqrt_f64(double x) { return __dsqrt_rn(x); }
DAMO_FN float floor_f32(float x) { return floorf(x); }
DAMO_FN double floor_f64(double x) { return floor(x); }
DAMO_FN float ceil_f32(float x) { return ceilf(x); }
DAMO_FN double ceil_f64(double x) { return ceil(x); }
DAMO_FN float trunc_f32(float x) { return truncf(x); }
DAMO_FN double trunc_f64(double x) { return trunc(x); }
DAMO_FN float rint_f32(float x) { return rintf(x); }
DAMO_FN double rint_f64(double x) { return rint(x); }
#else
#define DAMO_FN static inline __attribute__((always_inline))
DAMO_FN float f32_from_bits(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
DAMO_FN double f64_from_bits(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
DAMO_FN uint32_t bits_from_f32(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
DAMO_FN uint64_t bits_from_f64(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
DAMO_FN float fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DAMO_FN double fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }
DAMO_FN float copysign_f32(float x, float y) { return __builtin_copysignf(x, y); }
DAMO_FN double copysign_f64(double x, double y) { return __builtin_copysign(x, y); }
DAMO_FN float abs_f32(float x) { return __builtin_fabsf(x); }
DAMO_FN double abs_f64(double x) { return __builtin_fabs(x); }
DAMO_FN float sqrt_f32(float x) { return __builtin_sqrtf(x); }
DAMO_FN double sqrt_f64(double x) { return __builtin_sqrt(x); }
DAMO_FN float floor_f32(float x) { return __builtin_floorf(x); }
DAMO_FN double floor_f64(double x) { return __builtin_floor(x); }
DAMO_FN float ceil_f32(float x) { return __builtin_ceilf(x); }
DAMO_FN double ceil_f64(double x) { return __builtin_ceil(x); }
DAMO_FN float trunc_f32(float x) { return __builtin_truncf(x); }
DAMO_FN double trunc_f64(double x) { return __builtin_trunc(x); }
/* Nearest integer, halves to even. */
DAMO_FN float rint_f32(float x) { return __builtin_rintf(x); }
DAMO_FN double rint_f64(double x) { return __builtin_rint(x); }
#endif

#define DAMO_INF_F32 f32_from_bits(0x7f800000u)
#define DAMO_NAN_F32 f32_from_bits(0x7fc00000u)
#define DAMO_INF_F64 f64_from_bits(0x7ff0000000000000u)
#define DAMO_NAN_F64 f64_from_bits(0x7ff8000000000000u)

/* ---- Comparisons ---- */

/* The larger of two; NaN if either is NaN. */
DAMO_FN float maximum_f32(float x, float y) { return (x >= y) | (x != x) ? x : y; }
DAMO_FN double maximum_f64(double x, double y) { return (x >= y) | (x != x) ? x : y; }

/* The smaller of two; NaN if either is NaN. */
DAMO_FN float minimum_f32(float x, float y) { return (x <= y) | (x != x) ? x : y; }
DAMO_FN double minimum_f64(double x, double y) { return (x <= y) | (x != x) ? x : y; }

/* -1, 0 or 1; sign(-0) is 0, sign(NaN) is NaN. */
DAMO_FN float sign_f32(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? 0.0f : x; }
DAMO_FN double sign_f64(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x; }

/* ---- Exponentials ---- */

/* y * 2^n, rounded once, for n in [-254, 254]: 2^n is the product of two normal powers. */
DAMO_FN float scale_f32(float y, int32_t n) {
  uint32_t biased = (uint32_t)n + 254u;
  uint32_t half = biased >> 1;
  return y * f32_from_bits(half << 23) * f32_from_bits((biased - half) << 23);
}
DAMO_FN double scale_f64(double y, int64_t n) {
  uint64_t biased = (uint64_t)n + 2046u;
  uint64_t half = biased >> 1;
  return y * f64_from_bits(half << 52) * f64_from_bits((biased - half) << 52);
}

/* e^(high + low) - 1 - high for |high| <= ln(2)/2: low + r^2 P(r), r = high + low.
   P is an own minimax fit; its error in e^r is 2^-32 (f32), 2^-61 (f64). */
DAMO_FN float exp_tail_f32(float high, float low) {
  float r = high + low;
  float p = 0.000199143396f;
  p = fma_f32(p, r, 0.00139410538f);
  p = fma_f32(p, r, 0.0083332723f);
  p = fma_f32(p, r, 0.041666355f);
  p = fma_f32(p, r, 0.166666672f);
  p = fma_f32(p, r, 0.5f);
  return fma_f32(p, r * r, low);
}
DAMO_FN double exp_tail_f64(double high, double low) {
  double r = high + low;
  double p = 2.0924485533764136e-09;
  p = fma_f64(p, r, 2.5109090466517136e-08);
  p = fma_f64(p, r, 2.755724262119595e-07);
  p = fma_f64(p, r, 2.7557244061799157e-06);
  p = fma_f64(p, r, 2.4801587360720708e-05);
  p = fma_f64(p, r, 0.00019841269886266316);
  p = fma_f64(p, r, 0.0013888888888866752);
  p = fma_f64(p, r, 0.0083333333333215787);
  p = fma_f64(p, r, 0.041666666666666699);
  p = fma_f64(p, r, 0.16666666666666677);
  p = fma_f64(p, r, 0.5);
  return fma_f64(p, r * r, low);
}

/* x as n ln(2) + high + low with |high| <= ln(2)/2. Adding 1.5 * 2^23 (2^52) rounds to an integer and shows it in the
   low bits; ln(2) has a high part short enough that `high` is exact. */
typedef struct {
  int32_t n;
  float high, low;
} ExpParts32;
DAMO_FN ExpParts32 exp_parts_f32(float x) {
  float shifted = fma_f32(x, 1.44269502f, 12582912.0f);
  float n = shifted - 12582912.0f;
  ExpParts32 parts;
  parts.n = (int32_t)(bits_from_f32(shifted) - 0x4b400000u);
  parts.high = fma_f32(n, -0.693145752f, x);
  parts.low = n * -1.42860677e-06f;
  return parts;
}
typedef struct {
  int64_t n;
  double high, low;
} ExpParts64;
DAMO_FN ExpParts64 exp_parts_f64(double x) {
  double shifted = fma_f64(x, 1.4426950408889634, 6755399441055744.0);
  double n = shifted - 6755399441055744.0;
  ExpParts64 parts;
  parts.n = (int64_t)(bits_from_f64(shifted) - 0x4338000000000000u);
  parts.high = fma_f64(n, -0.69314718055989033, x);
  parts.low = n * -5.4979230187083712e-14;
  return parts;
}

/* 2^shift times e^(n ln(2) + high + low) = 2^n (1 + high + tail), with the rounding error of 1 + high added back. */
DAMO_FN float exp_join_f32(ExpParts32 parts, int shift) {
  float sum = 1.0f + parts.high;
  float lost = parts.high - (sum - 1.0f);
  return scale_f32(sum + (lost + exp_tail_f32(parts.high, parts.low)), parts.n + shift);
}
DAMO_FN double exp_join_f64(ExpParts64 parts, int shift) {
  double sum = 1.0 + parts.high;
  double lost = parts.high - (sum - 1.0);
  return scale_f64(sum + (lost + exp_tail_f64(parts.high, parts.low)), parts.n + shift);
}

/* 2^shift e^(x + low) for a small correction low; 0 and infinity where the range of the type is left far behind. */
DAMO_FN float exp_scaled_f32(float x, float low, int shift) {
  ExpParts32 parts = exp_parts_f32(x);
  parts.low += low;
  float y = exp_join_f32(parts, shift);
  y = x < -104.0f ? 0.0f : y;
  return x > 90.0f ? DAMO_INF_F32 : y;
}
DAMO_FN double exp_scaled_f64(double x, double low, int shift) {
  ExpParts64 parts = exp_parts_f64(x);
  parts.low += low;
  double y = exp_join_f64(parts, shift);
  y = x < -746.0 ? 0.0 : y;
  return x > 711.0 ? DAMO_INF_F64 : y;
}

/* x as n ln(2) + r with |r| <= ln(2)/2, and e^x = 2^n (1 + r slope), slope = (e^r - 1) / r: an own minimax fit whose
   error in e^r is 2^-28. The low bits of `bits` are n + bias, and a shift to the left by 23 leaves nothing else: it
   gives the float 2^(n + bias - 127), and half of a bias of 254 is one factor of 2^n in two. */
typedef struct {
  uint32_t bits;
  float r, slope;
} ExpSlope32;
DAMO_FN ExpSlope32 exp_slope_f32(float x, float bias) {
  float shifted = fma_f32(x, 1.44269502f, 12582912.0f + bias);
  float n = shifted - (12582912.0f + bias);
  float r = fma_f32(n, -1.42860677e-06f, fma_f32(n, -0.693145752f, x));
  float q = 0.0013818742f;
  q = fma_f32(q, r, 0.00836872123f);
  q = fma_f32(q, r, 0.0416682921f);
  q = fma_f32(q, r, 0.166665211f);
  q = fma_f32(q, r, 0.49999994f);
  ExpSlope32 parts;
  parts.bits = bits_from_f32(shifted);
  parts.r = r;
  parts.slope = fma_f32(q, r, 1.0f);
  return parts;
}

/* The smaller of |x| and a limit > 0 given by its bits, where NaN is taken for infinity: as integers they need one
   instruction. */
DAMO_FN float abs_up_to_f32(float x, uint32_t limit) {
  uint32_t bits = bits_from_f32(x) & 0x7fffffffu;
  return f32_from_bits(bits < limit ? bits : limit);
}

/* e^x; f64: adding -0 changes no number and costs nothing. */
DAMO_FN float exp_f32(float x) {
  ExpSlope32 e = exp_slope_f32(x, 254.0f);
  uint32_t half = e.bits >> 1;
  float y = fma_f32(e.r, e.slope, 1.0f) * f32_from_bits(half << 23) * f32_from_bits((e.bits - half) << 23);
  y = x < -104.0f ? 0.0f : y;
  return x > 90.0f ? DAMO_INF_F32 : y;
}
DAMO_FN double exp_f64(double x) { return exp_scaled_f64(x, -0.0, 0); }

/* 2^x = 2^n e^((x - n) ln(2)), n the nearest integer; the product with ln(2) is kept as high + low. */
DAMO_FN float exp2_f32(float x) {
  float shifted = x + 12582912.0f;
  float r = x - (shifted - 12582912.0f);
  ExpParts32 parts;
  parts.n = (int32_t)(bits_from_f32(shifted) - 0x4b400000u);
  parts.high = r * 0.693147182f;
  parts.low = fma_f32(r, -1.90465421e-09f, fma_f32(r, 0.693147182f, -parts.high));
  float y = exp_join_f32(parts, 0);
  y = x < -151.0f ? 0.0f : y;
  return x > 129.0f ? DAMO_INF_F32 : y;
}
DAMO_FN double exp2_f64(double x) {
  double shifted = x + 6755399441055744.0;
  double r = x - (shifted - 6755399441055744.0);
  ExpParts64 parts;
  parts.n = (int64_t)(bits_from_f64(shifted) - 0x4338000000000000u);
  parts.high = r * 0.69314718055994529;
  parts.low = fma_f64(r, 2.3190468138462996e-17, fma_f64(r, 0.69314718055994529, -parts.high));
  double y = exp_join_f64(parts, 0);
  y = x < -1076.0 ? 0.0 : y;
  return x > 1025.0 ? DAMO_INF_F64 : y;
}

/* e^x - 1 = 2 (h (high + tail) + (h - 1/2)), h = 2^(n-1); x itself where that is the rounded result. */
DAMO_FN float expm1_f32(float x) {
  ExpParts32 parts = exp_parts_f32(x);
  float h = f32_from_bits((uint32_t)(parts.n + 126) << 23);
  float sum = fma_f32(h, parts.high, h - 0.5f);
  float y = 2.0f * fma_f32(h, exp_tail_f32(parts.high, parts.low), sum);
  y = abs_f32(x) < 2e-08f ? x : y;
  y = x < -30.0f ? -1.0f : y;
  return x > 89.0f ? DAMO_INF_F32 : y;
}
DAMO_FN double expm1_f64(double x) {
  ExpParts64 parts = exp_parts_f64(x);
  double h = f64_from_bits((uint64_t)(parts.n + 1022) << 52);
  double sum = fma_f64(h, parts.high, h - 0.5);
  double y = 2.0 * fma_f64(h, exp_tail_f64(parts.high, parts.low), sum);
  y = abs_f64(x) < 5e-17 ? x : y;
  y = x < -50.0 ? -1.0 : y;
  return x > 710.0 ? DAMO_INF_F64 : y;
}

/* n / (d + lost) with one Newton step, for a denominator whose rounding error `lost` is known. */
DAMO_FN float quotient_f32(float n, float d, float lost) {
  float reciprocal = 1.0f / d;
  float q = n * reciprocal;
  return fma_f32(fma_f32(-q, lost, fma_f32(-q, d, n)), reciprocal, q);
}
DAMO_FN double quotient_f64(double n, double d, double lost) {
  double reciprocal = 1.0 / d;
  double q = n * reciprocal;
  return fma_f64(fma_f64(-q, lost, fma_f64(-q, d, n)), reciprocal, q);
}

/* f32: h / (h + h e^-x) with h = 2^-32, which neither overflows nor loses digits from x = -104 to 60; the sum is
   h + s + s r slope, s = h 2^n, and the error of its last rounding is known. f64: 1 / (1 + e) with e = e^-|x|, below 0
   e / (1 + e): the exponential never overflows. */
DAMO_FN float sigmoid_f32(float x) {
  ExpSlope32 e = exp_slope_f32(-x, 127.0f - 32.0f);
  float s = f32_from_bits(e.bits << 23);
  float most = s + 0x1p-32f;
  float d = fma_f32(s * e.r, e.slope, most);
  float y = quotient_f32(1.0f, d, fma_f32(s * e.r, e.slope, most - d)) * 0x1p-32f;
  y = x < -104.0f ? 0.0f : y;
  return x > 60.0f ? 1.0f : y;
}
DAMO_FN double sigmoid_f64(double x) {
  double e = exp_f64(-abs_f64(x));
  double d = 1.0 + e;
  return quotient_f64(x < 0.0 ? e : 1.0, d, e - (d - 1.0));
}

/* x + x^3 P(x^2) for |x| < 0.55 (own minimax fit), else 1 - 2 / (e^2|x| + 1) with the sign of x. f32: 1 is rounded to
   from 10 on, and the sum is s + 1 + s r slope with s = 2^n. */
DAMO_FN float tanh_f32(float x) {
  float z = x * x;
  float p = -0.00628260337f;
  p = fma_f32(p, z, 0.0210779011f);
  p = fma_f32(p, z, -0.0538539067f);
  p = fma_f32(p, z, 0.133326024f);
  p = fma_f32(p, z, -0.333333194f);
  ExpSlope32 e = exp_slope_f32(2.0f * abs_up_to_f32(x, 0x41200000u), 127.0f);
  float s = f32_from_bits(e.bits << 23);
  float large = 1.0f - 2.0f / fma_f32(s * e.r, e.slope, s + 1.0f);
  return copysign_f32(abs_f32(x) >= 0.55f ? large : fma_f32(p, z * x, x), x);
}
DAMO_FN double tanh_f64(double x) {
  double z = x * x;
  double p = -1.9521045940449261e-05;
  p = fma_f64(p, z, 8.3360100745074638e-05);
  p = fma_f64(p, z, -0.00023341275184230988);
  p = fma_f64(p, z, 0.00058845705887046256);
  p = fma_f64(p, z, -0.001455545986630646);
  p = fma_f64(p, z, 0.0035920925329678056);
  p = fma_f64(p, z, -0.0088632326528348144);
  p = fma_f64(p, z, 0.021869488389106503);
  p = fma_f64(p, z, -0.053968253963878748);
  p = fma_f64(p, z, 0.13333333333326833);
  p = fma_f64(p, z, -0.33333333333333298);
  double a = abs_f64(x);
  double large = 1.0 - 2.0 / (exp_f64(2.0 * a) + 1.0);
  return copysign_f64(a < 0.55 ? fma_f64(p, z * x, x) : large, x);
}

/* ---- Logarithms ---- */

/* log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)].
   f32: -f^2/2 + f^3 P(f). f64: s (f^2/2 + s^2 P(s^2)) - f^2/2 with s = f / (2 + f), the series of fdlibm:
   s^3 P = log((1 + s) / (1 - s)) - 2 s. Own minimax fits: error 2^-30 (f32), 2^-59 (f64). */
DAMO_FN float log_tail_f32(float f) {
  float p = 0.0691706613f;
  p = fma_f32(p, f, -0.117910214f);
  p = fma_f32(p, f, 0.118727796f);
  p = fma_f32(p, f, -0.123841234f);
  p = fma_f32(p, f, 0.142186686f);
  p = fma_f32(p, f, -0.166692644f);
  p = fma_f32(p, f, 0.200022265f);
  p = fma_f32(p, f, -0.249999866f);
  p = fma_f32(p, f, 0.333333105f);
  return f * f * fma_f32(p, f, -0.5f);
}
DAMO_FN double log_tail_f64(double f) {
  double s = f / (2.0 + f);
  double z = s * s;
  double p = 0.14797506766540214;
  p = fma_f64(p, z, 0.15313903341713536);
  p = fma_f64(p, z, 0.18183569736044691);
  p = fma_f64(p, z, 0.22222198476059307);
  p = fma_f64(p, z, 0.28571428743261978);
  p = fma_f64(p, z, 0.39999999999411096);
  p = fma_f64(p, z, 0.66666666666667351);
  double half = 0.5 * f * f;
  return fma_f64(s, fma_f64(p, z, half), -half);
}

/* k ln(2) + log(1 + f) for an integer k. */
DAMO_FN float log_sum_f32(float k, float f) {
  return fma_f32(k, 0.693147182f, f + fma_f32(k, -1.90465421e-09f, log_tail_f32(f)));
}
DAMO_FN double log_sum_f64(double k, double f) {
  return fma_f64(k, 0.69314718055994529, f + fma_f64(k, 2.3190468138462996e-17, log_tail_f64(f)));
}

/* x > 0 as 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)); denormals are scaled up first. */
typedef struct {
  float k, f;
} LogParts32;
DAMO_FN LogParts32 log_parts_f32(float x) {
  float normal = x < 1.17549435e-38f ? x * 8388608.0f : x;
  uint32_t bits = bits_from_f32(normal) - 0x3f3504f3u;
  LogParts32 parts;
  parts.k = (float)((int32_t)bits >> 23) - (x < 1.17549435e-38f ? 23.0f : 0.0f);
  parts.f = f32_from_bits((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
  return parts;
}
typedef struct {
  double k, f;
} LogParts64;
/* The biased exponent becomes a double as the low bits of 2^52 + exponent. */
DAMO_FN LogParts64 log_parts_f64(double x) {
  double normal = x < 2.2250738585072014e-308 ? x * 4503599627370496.0 : x;
  uint64_t bits = bits_from_f64(normal) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  LogParts64 parts;
  double bias = x < 2.2250738585072014e-308 ? 4503599627371571.0 : 4503599627371519.0;
  parts.k = f64_from_bits((bits >> 52) | 0x4330000000000000u) - bias;
  parts.f = f64_from_bits((bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
  return parts;
}

/* The values of a logarithm outside (0, inf): inf and NaN give themselves, 0 gives -inf, below 0 NaN. */
DAMO_FN float log_edges_f32(float x, float y) {
  y = x < DAMO_INF_F32 ? y : x;
  y = x == 0.0f ? -DAMO_INF_F32 : y;
  return x < 0.0f ? DAMO_NAN_F32 : y;
}
DAMO_FN double log_edges_f64(double x, double y) {
  y = x < DAMO_INF_F64 ? y : x;
  y = x == 0.0 ? -DAMO_INF_F64 : y;
  return x < 0.0 ? DAMO_NAN_F64 : y;
}

/* log(x) = k ln(2) + log(1 + f). */
DAMO_FN float log_f32(float x) {
  LogParts32 parts = log_parts_f32(x);
  return log_edges_f32(x, log_sum_f32(parts.k, parts.f));
}
DAMO_FN double log_f64(double x) {
  LogParts64 parts = log_parts_f64(x);
  return log_edges_f64(x, log_sum_f64(parts.k, parts.f));
}

/* log2(x) = k + log(1 + f) / ln(2). */
DAMO_FN float log2_f32(float x) {
  LogParts32 parts = log_parts_f32(x);
  return log_edges_f32(x, fma_f32(parts.f + log_tail_f32(parts.f), 1.44269502f, parts.k));
}
DAMO_FN double log2_f64(double x) {
  LogParts64 parts = log_parts_f64(x);
  return log_edges_f64(x, fma_f64(parts.f + log_tail_f64(parts.f), 1.4426950408889634, parts.k));
}

/* log10(x) = k log10(2) + log(1 + f) / ln(10). */
DAMO_FN float log10_f32(float x) {
  LogParts32 parts = log_parts_f32(x);
  float y = (parts.f + log_tail_f32(parts.f)) * 0.434294492f;
  y = fma_f32(parts.k, -1.43209888e-08f, y);
  return log_edges_f32(x, fma_f32(parts.k, 0.30103001f, y));
}
DAMO_FN double log10_f64(double x) {
  LogParts64 parts = log_parts_f64(x);
  double y = (parts.f + log_tail_f64(parts.f)) * 0.4342944819032518;
  y = fma_f64(parts.k, -2.8037281277851704e-18, y);
  return log_edges_f64(x, fma_f64(parts.k, 0.3010299956639812, y));
}

/* log(1 + x) = k ln(2) + log(1 + f), f = 2^-k x + (2^-k - 1): 1 + x is used for k only, so nothing is lost. */
DAMO_FN float log1p_f32(float x) {
  float u = 1.0f + x;
  uint32_t bits = bits_from_f32(u) - 0x3f3504f3u;
  int32_t k = (int32_t)bits >> 23;
  float scale = f32_from_bits((uint32_t)(127 - k) << 23);
  float f = fma_f32(x, scale, scale - 1.0f);
  float large = f32_from_bits((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
  float y = log_sum_f32((float)k, x < 67108864.0f ? f : large);
  return copysign_f32(log_edges_f32(u, y), x);
}
DAMO_FN double log1p_f64(double x) {
  double u = 1.0 + x;
  uint64_t bits = bits_from_f64(u) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
  uint64_t biased = bits >> 52;
  double scale = f64_from_bits((2046u - biased) << 52);
  double f = fma_f64(x, scale, scale - 1.0);
  double large = f64_from_bits((bits & 0xfffffffffffffu) + 0x3fe6a09e667f3bcdu) - 1.0;
  double k = f64_from_bits(biased | 0x4330000000000000u) - 4503599627371519.0;
  double y = log_sum_f64(k, x < 36028797018963968.0 ? f : large);
  return copysign_f64(log_edges_f64(u, y), x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|. f32: log(1 + e) = e + e^2 P(e), an own minimax fit with error
   2^-27; e comes as 2^24 e, which has all its digits where e is denormal. f64: 1 + e in [1, 2] is halved above
   sqrt(2). */
DAMO_FN float softplus_f32(float x) {
  ExpSlope32 parts = exp_slope_f32(-abs_up_to_f32(x, 0x42d00000u), 127.0f + 24.0f);
  float large = fma_f32(parts.r, parts.slope, 1.0f) * f32_from_bits(parts.bits << 23);
  float e = large * 0x1p-24f;
  float p = -0.00329046859f;
  p = fma_f32(p, e, 0.0200862419f);
  p = fma_f32(p, e, -0.057457231f);
  p = fma_f32(p, e, 0.106611282f);
  p = fma_f32(p, e, -0.153448805f);
  p = fma_f32(p, e, 0.196921021f);
  p = fma_f32(p, e, -0.24958019f);
  p = fma_f32(p, e, 0.333304644f);
  p = fma_f32(p, e, -0.499999315f);
  return fma_f32(fma_f32(large, p * e, large), 0x1p-24f, x < 0.0f ? 0.0f : x);
}
DAMO_FN double softplus_f64(double x) {
  double e = exp_f64(-abs_f64(x));
  int upper = e > 0.41421356237309503;
  double y = log_sum_f64(upper ? 1.0 : 0.0, upper ? fma_f64(0.5, e, -0.5) : e);
  return (x > 0.0 ? x : 0.0) + y;
}

/* ---- Circular functions ---- */

/* |x| of sin, cos and tan at most; beyond it they give NaN. */
#define DAMO_TRIG_LIMIT 35184372088832.0

/* x as q pi/2 + r with |r| <= pi/4; of q the low bits are kept. Cody-Waite with pi/2 in two (f64: three) doubles: fma
   makes the first product exact, so all of r is right for |x| <= 2^45. f32 reduces in double. */
typedef struct {
  uint32_t q;
  float r;
} Quadrant32;
DAMO_FN Quadrant32 quadrant_f32(float x) {
  double wide = (double)x;
  double shifted = fma_f64(wide, 0.63661977236758138, 6755399441055744.0);
  double n = shifted - 6755399441055744.0;
  Quadrant32 quadrant;
  quadrant.q = (uint32_t)bits_from_f64(shifted);
  quadrant.r = (float)fma_f64(n, -6.123233995736766e-17, fma_f64(n, -1.5707963267948966, wide));
  return quadrant;
}
typedef struct {
  uint64_t q;
  double r;
} Quadrant64;
DAMO_FN Quadrant64 quadrant_f64(double x) {
  double shifted = fma_f64(x, 0.63661977236758138, 6755399441055744.0);
  double n = shifted - 6755399441055744.0;
  double r = fma_f64(n, -6.123233995736765e-17, fma_f64(n, -1.5707963267948966, x));
  Quadrant64 quadrant;
  quadrant.q = bits_from_f64(shifted);
  quadrant.r = fma_f64(n, -1.082856673921914e-32, r);
  return quadrant;
}

/* sin(r) = r + r^3 P(r^2) for |r| <= pi/4. Own minimax fit: error 2^-28 (f32), 2^-58 (f64). */
DAMO_FN float sin_near_zero_f32(float r) {
  float z = r * r;
  float p = -0.000195172295f;
  p = fma_f32(p, z, 0.008332178f);
  p = fma_f32(p, z, -0.166666552f);
  return copysign_f32(fma_f32(p, z * r, r), r);
}
DAMO_FN double sin_near_zero_f64(double r) {
  double z = r * r;
  double p = 1.5896806788116596e-10;
  p = fma_f64(p, z, -2.5050758382524975e-08);
  p = fma_f64(p, z, 2.755731369421337e-06);
  p = fma_f64(p, z, -0.00019841269829816441);
  p = fma_f64(p, z, 0.008333333333322427);
  p = fma_f64(p, z, -0.16666666666666632);
  return copysign_f64(fma_f64(p, z * r, r), r);
}

/* cos(r) = 1 - r^2/2 + r^4 P(r^2) for |r| <= pi/4. Own minimax fit: error 2^-33 (f32), 2^-64 (f64). */
DAMO_FN float cos_near_zero_f32(float r) {
  float z = r * r;
  float p = 2.44384119e-05f;
  p = fma_f32(p, z, -0.00138873677f);
  p = fma_f32(p, z, 0.0416666456f);
  return fma_f32(p, z * z, fma_f32(z, -0.5f, 1.0f));
}
DAMO_FN double cos_near_zero_f64(double r) {
  double z = r * r;
  double p = -1.1359649973650893e-11;
  p = fma_f64(p, z, 2.0875723324838752e-09);
  p = fma_f64(p, z, -2.7557314352812128e-07);
  p = fma_f64(p, z, 2.4801587289484332e-05);
  p = fma_f64(p, z, -0.0013888888888874129);
  p = fma_f64(p, z, 0.041666666666666602);
  return fma_f64(p, z * z, fma_f64(z, -0.5, 1.0));
}

/* sin(x + turn pi/2) from the quadrant of x: odd quadrants take the cosine, the upper two change the sign. */
DAMO_FN float circular_f32(float x, uint32_t turn) {
  Quadrant32 quadrant = quadrant_f32(x);
  uint32_t q = quadrant.q + turn;
  float y = q & 1 ? cos_near_zero_f32(quadrant.r) : sin_near_zero_f32(quadrant.r);
  y = f32_from_bits(bits_from_f32(y) ^ (q & 2) << 30);
  return abs_f32(x) <= (float)DAMO_TRIG_LIMIT ? y : DAMO_NAN_F32;
}
DAMO_FN double circular_f64(double x, uint32_t turn) {
  Quadrant64 quadrant = quadrant_f64(x);
  uint64_t q = quadrant.q + turn;
  double y = q & 1 ? cos_near_zero_f64(quadrant.r) : sin_near_zero_f64(quadrant.r);
  y = f64_from_bits(bits_from_f64(y) ^ (q & 2) << 62);
  return abs_f64(x) <= DAMO_TRIG_LIMIT ? y : DAMO_NAN_F64;
}

DAMO_FN float sin_f32(float x) { return circular_f32(x, 0); }
DAMO_FN double sin_f64(double x) { return circular_f64(x, 0); }
DAMO_FN float cos_f32(float x) { return circular_f32(x, 1); }
DAMO_FN double cos_f64(double x) { return circular_f64(x, 1); }

/* tan(x) = sin(r) / cos(r), in odd quadrants -cos(r) / sin(r). */
DAMO_FN float tan_f32(float x) {
  Quadrant32 quadrant = quadrant_f32(x);
  float sine = sin_near_zero_f32(quadrant.r);
  float cosine = cos_near_zero_f32(quadrant.r);
  float y = (quadrant.q & 1 ? -cosine : sine) / (quadrant.q & 1 ? sine : cosine);
  return abs_f32(x) <= (float)DAMO_TRIG_LIMIT ? y : DAMO_NAN_F32;
}
DAMO_FN double tan_f64(double x) {
  Quadrant64 quadrant = quadrant_f64(x);
  double sine = sin_near_zero_f64(quadrant.r);
  double cosine = cos_near_zero_f64(quadrant.r);
  double y = (quadrant.q & 1 ? -cosine : sine) / (quadrant.q & 1 ? sine : cosine);
  return abs_f64(x) <= DAMO_TRIG_LIMIT ? y : DAMO_NAN_F64;
}

/* asin(s) - s = s z P(z), z = s^2 <= 1/4. Own minimax fit: error 2^-28 (f32), 2^-60 (f64). */
DAMO_FN float asin_tail_f32(float s, float z) {
  float p = 0.042217344f;
  p = fma_f32(p, z, 0.0241485592f);
  p = fma_f32(p, z, 0.0454768501f);
  p = fma_f32(p, z, 0.0749524385f);
  p = fma_f32(p, z, 0.166667536f);
  return p * z * s;
}
DAMO_FN double asin_tail_f64(double s, double z) {
  double p = 0.032676785414762231;
  p = fma_f64(p, z, -0.021077121759767097);
  p = fma_f64(p, z, 0.021763377034849367);
  p = fma_f64(p, z, 0.003683092285651569);
  p = fma_f64(p, z, 0.010786515928913895);
  p = fma_f64(p, z, 0.011397778236459186);
  p = fma_f64(p, z, 0.013980961197956526);
  p = fma_f64(p, z, 0.0173516001100366);
  p = fma_f64(p, z, 0.022372215659543573);
  p = fma_f64(p, z, 0.030381942683630567);
  p = fma_f64(p, z, 0.044642857175120954);
  p = fma_f64(p, z, 0.07499999999970261);
  p = fma_f64(p, z, 0.16666666666666763);
  return p * z * s;
}

/* asin(x); for |x| > 1/2 it is pi/2 - 2 asin(s) with s^2 = z = (1 - |x|) / 2. */
DAMO_FN float asin_f32(float x) {
  float a = abs_f32(x);
  float z = a > 0.5f ? 0.5f * (1.0f - a) : a * a;
  float s = a > 0.5f ? sqrt_f32(z) : a;
  float y = s + asin_tail_f32(s, z);
  return copysign_f32(a > 0.5f ? 1.57079637f - (2.0f * y + 4.37113883e-08f) : y, x);
}
DAMO_FN double asin_f64(double x) {
  double a = abs_f64(x);
  double z = a > 0.5 ? 0.5 * (1.0 - a) : a * a;
  double s = a > 0.5 ? sqrt_f64(z) : a;
  double y = s + asin_tail_f64(s, z);
  return copysign_f64(a > 0.5 ? 1.5707963267948966 - (2.0 * y - 6.123233995736766e-17) : y, x);
}

/* acos(x) = pi/2 - asin(x); for |x| > 1/2 it is 2 asin(s), or pi - 2 asin(s) below 0. */
DAMO_FN float acos_f32(float x) {
  float a = abs_f32(x);
  float z = a > 0.5f ? 0.5f * (1.0f - a) : a * a;
  float s = a > 0.5f ? sqrt_f32(z) : x;
  float y = s + asin_tail_f32(s, z);
  float outer = x > 0.0f ? 2.0f * y : 3.14159274f - (2.0f * y + 8.74227766e-08f);
  return a > 0.5f ? outer : 1.57079637f - (y + 4.37113883e-08f);
}
DAMO_FN double acos_f64(double x) {
  double a = abs_f64(x);
  double z = a > 0.5 ? 0.5 * (1.0 - a) : a * a;
  double s = a > 0.5 ? sqrt_f64(z) : x;
  double y = s + asin_tail_f64(s, z);
  double outer = x > 0.0 ? 2.0 * y : 3.1415926535897931 - (2.0 * y - 1.2246467991473532e-16);
  return a > 0.5 ? outer : 1.5707963267948966 - (y - 6.123233995736766e-17);
}

/* atan(q) = q + q^3 P(q^2) for 0 <= q <= 1. Own minimax fit: error 2^-29 (f32), 2^-58 (f64). */
DAMO_FN float atan_unit_f32(float q) {
  float z = q * q;
  float p = -0.00182719808f;
  p = fma_f32(p, z, 0.0110643748f);
  p = fma_f32(p, z, -0.0314555801f);
  p = fma_f32(p, z, 0.0582344308f);
  p = fma_f32(p, z, -0.0841945261f);
  p = fma_f32(p, z, 0.109575741f);
  p = fma_f32(p, z, -0.142652452f);
  p = fma_f32(p, z, 0.199986383f);
  p = fma_f32(p, z, -0.333333015f);
  return fma_f32(p, z * q, q);
}
DAMO_FN double atan_unit_f64(double q) {
  double z = q * q;
  double p = 1.3489427066836997e-05;
  p = fma_f64(p, z, -0.00015479858258232674);
  p = fma_f64(p, z, 0.00084349205856512188);
  p = fma_f64(p, z, -0.0029193646891998121);
  p = fma_f64(p, z, 0.0072634067344566709);
  p = fma_f64(p, z, -0.0139950661356044);
  p = fma_f64(p, z, 0.022085249806829958);
  p = fma_f64(p, z, -0.029985666550326577);
  p = fma_f64(p, z, 0.036693598926170967);
  p = fma_f64(p, z, -0.04221721896157335);
  p = fma_f64(p, z, 0.04723295132745052);
  p = fma_f64(p, z, -0.052538061431833219);
  p = fma_f64(p, z, 0.058805927041807912);
  p = fma_f64(p, z, -0.066664150259282726);
  p = fma_f64(p, z, 0.076922811906888572);
  p = fma_f64(p, z, -0.090909071196321078);
  p = fma_f64(p, z, 0.11111111013674249);
  p = fma_f64(p, z, -0.14285714282803083);
  p = fma_f64(p, z, 0.19999999999955451);
  p = fma_f64(p, z, -0.33333333333333093);
  return fma_f64(p, z * q, q);
}

/* atan(x); for |x| > 1 it is pi/2 - atan(1 / x). */
DAMO_FN float atan_f32(float x) {
  float a = abs_f32(x);
  float y = atan_unit_f32(a > 1.0f ? 1.0f / a : a);
  return copysign_f32(a > 1.0f ? 1.57079637f - (y + 4.37113883e-08f) : y, x);
}
DAMO_FN double atan_f64(double x) {
  double a = abs_f64(x);
  double y = atan_unit_f64(a > 1.0 ? 1.0 / a : a);
  return copysign_f64(a > 1.0 ? 1.5707963267948966 - (y - 6.123233995736766e-17) : y, x);
}

/* The angle of the point (x, y): atan of the smaller over the larger side, then pi/2 - angle, then pi - angle. */
DAMO_FN float atan2_f32(float y, float x) {
  float a = abs_f32(x);
  float b = abs_f32(y);
  float q = (b > a ? a : b) / (b > a ? b : a);
  q = a == b ? (a == 0.0f ? 0.0f : 1.0f) : q;
  float angle = atan_unit_f32(q);
  angle = b > a ? 1.57079637f - (angle + 4.37113883e-08f) : angle;
  angle = copysign_f32(1.0f, x) < 0.0f ? 3.14159274f - (angle + 8.74227766e-08f) : angle;
  return copysign_f32(angle, y);
}
DAMO_FN double atan2_f64(double y, double x) {
  double a = abs_f64(x);
  double b = abs_f64(y);
  double q = (b > a ? a : b) / (b > a ? b : a);
  q = a == b ? (a == 0.0 ? 0.0 : 1.0) : q;
  double angle = atan_unit_f64(q);
  angle = b > a ? 1.5707963267948966 - (angle - 6.123233995736766e-17) : angle;
  angle = copysign_f64(1.0, x) < 0.0 ? 3.1415926535897931 - (angle - 1.2246467991473532e-16) : angle;
  return copysign_f64(angle, y);
}

/* ---- Hyperbolic functions ---- */

/* sinh(x) = h - 1 / (4 h), h = e^|x| / 2; for |x| < 1 it is x + x^3 P(x^2), own minimax fit: error 2^-34 (f32),
   2^-63 (f64). */
DAMO_FN float sinh_f32(float x) {
  float z = x * x;
  float p = 2.81743883e-06f;
  p = fma_f32(p, z, 0.000198360663f);
  p = fma_f32(p, z, 0.00833335053f);
  p = fma_f32(p, z, 0.166666672f);
  float a = abs_f32(x);
  float h = exp_scaled_f32(a, -0.0f, -1);
  return copysign_f32(a < 1.0f ? fma_f32(p, z * a, a) : h - 0.25f / h, x);
}
DAMO_FN double sinh_f64(double x) {
  double z = x * x;
  double p = 7.7593121053870226e-13;
  p = fma_f64(p, z, 1.6057240344290568e-10);
  p = fma_f64(p, z, 2.5052123398520602e-08);
  p = fma_f64(p, z, 2.7557319155337044e-06);
  p = fma_f64(p, z, 0.00019841269841437681);
  p = fma_f64(p, z, 0.0083333333333331389);
  p = fma_f64(p, z, 0.16666666666666669);
  double a = abs_f64(x);
  double h = exp_scaled_f64(a, -0.0, -1);
  return copysign_f64(a < 1.0 ? fma_f64(p, z * a, a) : h - 0.25 / h, x);
}

/* cosh(x) = h + 1 / (4 h), h = e^|x| / 2. */
DAMO_FN float cosh_f32(float x) {
  float h = exp_scaled_f32(abs_f32(x), -0.0f, -1);
  return h + 0.25f / h;
}
DAMO_FN double cosh_f64(double x) {
  double h = exp_scaled_f64(abs_f64(x), -0.0, -1);
  return h + 0.25 / h;
}

/* asinh(x) = log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x|; log(2 a) where a^2 + 1 = a^2. */
DAMO_FN float asinh_f32(float x) {
  float a = abs_f32(x);
  float z = a * a;
  float u = a > 1073741824.0f ? a : a + z / (1.0f + sqrt_f32(1.0f + z));
  return copysign_f32(log1p_f32(u) + (a > 1073741824.0f ? 0.693147182f : 0.0f), x);
}
DAMO_FN double asinh_f64(double x) {
  double a = abs_f64(x);
  double z = a * a;
  double u = a > 1152921504606846976.0 ? a : a + z / (1.0 + sqrt_f64(1.0 + z));
  return copysign_f64(log1p_f64(u) + (a > 1152921504606846976.0 ? 0.69314718055994529 : 0.0), x);
}

/* acosh(x) = log1p(t + sqrt(t (t + 2))), t = x - 1; log(2 x) where x^2 - 1 = x^2. */
DAMO_FN float acosh_f32(float x) {
  float t = x - 1.0f;
  float u = x > 1073741824.0f ? x : t + sqrt_f32(t * (t + 2.0f));
  float y = log1p_f32(u) + (x > 1073741824.0f ? 0.693147182f : 0.0f);
  return x < 1.0f ? DAMO_NAN_F32 : y;
}
DAMO_FN double acosh_f64(double x) {
  double t = x - 1.0;
  double u = x > 1152921504606846976.0 ? x : t + sqrt_f64(t * (t + 2.0));
  double y = log1p_f64(u) + (x > 1152921504606846976.0 ? 0.69314718055994529 : 0.0);
  return x < 1.0 ? DAMO_NAN_F64 : y;
}

/* atanh(x) = log1p(2 a / (1 - a)) / 2, a = |x|. */
DAMO_FN float atanh_f32(float x) {
  float a = abs_f32(x);
  return copysign_f32(0.5f * log1p_f32(2.0f * a / (1.0f - a)), x);
}
DAMO_FN double atanh_f64(double x) {
  double a = abs_f64(x);
  return copysign_f64(0.5 * log1p_f64(2.0 * a / (1.0 - a)), x);
}

/* ---- Power ---- */

/* The sum and the product of two doubles without error, as high + low. */
typedef struct {
  double high, low;
} Pair64;
DAMO_FN Pair64 exact_sum_f64(double a, double b) {
  Pair64 sum;
  sum.high = a + b;
  double b_part = sum.high - a;
  sum.low = (a - (sum.high - b_part)) + (b - b_part);
  return sum;
}
DAMO_FN Pair64 exact_product_f64(double a, double b) {
  Pair64 product;
  product.high = a * b;
  product.low = fma_f64(a, b, -product.high);
  return product;
}

/* s = f / (2 + f) to twice the precision of double. */
DAMO_FN Pair64 log_argument_f64(double f) {
  double d = 2.0 + f;
  double lost = f - (d - 2.0);
  Pair64 s;
  s.high = f / d;
  s.low = fma_f64(-s.high, lost, fma_f64(-s.high, d, f)) / d;
  return s;
}

/* log(x) = k ln(2) + 2 s + 2/3 s^3 + s^5 P(s^2), all but the last term in twice the precision of double.
   P is an own minimax fit; the error is about 2^-64 of the result. */
DAMO_FN Pair64 log_pair_f64(double x) {
  LogParts64 parts = log_parts_f64(x);
  Pair64 s = log_argument_f64(parts.f);
  double z = s.high * s.high;
  double p = 0.13197712719042068;
  p = fma_f64(p, z, 0.13256674999223472);
  p = fma_f64(p, z, 0.15386763150008206);
  p = fma_f64(p, z, 0.1818178424858147);
  p = fma_f64(p, z, 0.22222222521174903);
  p = fma_f64(p, z, 0.28571428570093221);
  p = fma_f64(p, z, 0.40000000000002267);
  Pair64 square = exact_product_f64(s.high, s.high);
  square.low = fma_f64(2.0 * s.high, s.low, square.low);
  Pair64 cube = exact_product_f64(s.high, square.high);
  cube.low += fma_f64(s.high, square.low, s.low * square.high);
  Pair64 third = exact_product_f64(cube.high, 0.66666666666666663);
  third.low += fma_f64(cube.high, 3.700743415417188e-17, cube.low * 0.66666666666666663);
  Pair64 shift = exact_product_f64(parts.k, 0.69314718055994529);
  shift.low = fma_f64(parts.k, 2.3190468138462996e-17, shift.low);
  Pair64 line = exact_sum_f64(shift.high, 2.0 * s.high);
  Pair64 curve = exact_sum_f64(line.high, third.high);
  double rest = fma_f64(p * z, cube.high, third.low) + fma_f64(2.0, s.low, shift.low);
  Pair64 total = exact_sum_f64(curve.high, rest);
  total.low += line.low + curve.low;
  return total;
}

/* pow(x, y) from power = |x|^y: signs and edges as in C. */
DAMO_FN float pow_edges_f32(float x, float y, float power) {
  float a = abs_f32(x);
  float limit = (a > 1.0f) == (y > 0.0f) ? DAMO_INF_F32 : 0.0f;
  power = (a == 0.0f) | (a == DAMO_INF_F32) | (abs_f32(y) == DAMO_INF_F32) ? limit : power;
  power = a == 1.0f ? 1.0f : power;
  int whole = y == trunc_f32(y);
  int odd = whole & (0.5f * y != trunc_f32(0.5f * y));
  power = odd ? copysign_f32(power, x) : power;
  power = (x < 0.0f) & (a < DAMO_INF_F32) & !whole ? DAMO_NAN_F32 : power;
  power = (x != x) | (y != y) ? DAMO_NAN_F32 : power;
  return (x == 1.0f) | (y == 0.0f) ? 1.0f : power;
}
DAMO_FN double pow_edges_f64(double x, double y, double power) {
  double a = abs_f64(x);
  double limit = (a > 1.0) == (y > 0.0) ? DAMO_INF_F64 : 0.0;
  power = (a == 0.0) | (a == DAMO_INF_F64) | (abs_f64(y) == DAMO_INF_F64) ? limit : power;
  power = a == 1.0 ? 1.0 : power;
  int whole = y == trunc_f64(y);
  int odd = whole & (0.5 * y != trunc_f64(0.5 * y));
  power = odd ? copysign_f64(power, x) : power;
  power = (x < 0.0) & (a < DAMO_INF_F64) & !whole ? DAMO_NAN_F64 : power;
  power = (x != x) | (y != y) ? DAMO_NAN_F64 : power;
  return (x == 1.0) | (y == 0.0) ? 1.0 : power;
}

/* |x|^y = e^(y log|x|): f32 in double, f64 with the logarithm and the product in twice the precision of double. */
DAMO_FN float pow_f32(float x, float y) {
  LogParts64 parts = log_parts_f64((double)abs_f32(x));
  return pow_edges_f32(x, y, (float)exp_f64((double)y * log_sum_f64(parts.k, parts.f)));
}
DAMO_FN double pow_f64(double x, double y) {
  Pair64 log_x = log_pair_f64(abs_f64(x));
  Pair64 exponent = exact_product_f64(y, log_x.high);
  exponent.low = fma_f64(y, log_x.low, exponent.low);
  return pow_edges_f64(x, y, exp_scaled_f64(exponent.high, exponent.low, 0));
}

/* ---- Error function ---- */

/* erf(x) = x P(x^2) for |x| <= 1. Own minimax fit: error 2^-30 (f32), 2^-63 (f64). */
DAMO_FN float erf_unit_f32(float x) {
  float z = x * x;
  float p = 7.88912512e-05f;
  p = fma_f32(p, z, -0.000802084745f);
  p = fma_f32(p, z, 0.00518953661f);
  p = fma_f32(p, z, -0.0268544462f);
  p = fma_f32(p, z, 0.112836003f);
  p = fma_f32(p, z, -0.37612626f);
  p = fma_f32(p, z, 1.12837911f);
  return p * x;
}
DAMO_FN double erf_unit_f64(double x) {
  double z = x * x;
  double p = 5.9606721829733527e-11;
  p = fma_f64(p, z, -1.1374947746668307e-09);
  p = fma_f64(p, z, 1.46603266030987e-08);
  p = fma_f64(p, z, -1.6350395900452555e-07);
  p = fma_f64(p, z, 1.6461008446787297e-06);
  p = fma_f64(p, z, -1.4925595770217751e-05);
  p = fma_f64(p, z, 0.00012055331132873387);
  p = fma_f64(p, z, -0.00085483269814232827);
  p = fma_f64(p, z, 0.0052239776248283916);
  p = fma_f64(p, z, -0.026866170645077871);
  p = fma_f64(p, z, 0.11283791670954885);
  p = fma_f64(p, z, -0.37612638903183748);
  p = fma_f64(p, z, 1.1283791670955126);
  return p * x;
}

/* erfc(x) = e^(-x^2) P(t) / (1 + 2 x), t = (x - 3) / (x + 3), for x >= 1/2: the form of Shepherd and Laframboise
   (1981) with an own minimax fit: error 2^-28 (f32), 2^-60 (f64). The rounding error of x^2 enters the exponential,
   which is scaled up until the last product so that a small result is rounded once. */
DAMO_FN float erfc_above_f32(float x) {
  float a = x > 11.0f ? 11.0f : x;
  float t = (a - 3.0f) / (a + 3.0f);
  float p = -0.000527491793f;
  p = fma_f32(p, t, 0.0018364141f);
  p = fma_f32(p, t, 0.00239032274f);
  p = fma_f32(p, t, -0.0237640571f);
  p = fma_f32(p, t, 0.0683381259f);
  p = fma_f32(p, t, -0.119273566f);
  p = fma_f32(p, t, 0.129642621f);
  p = fma_f32(p, t, -0.0475623235f);
  p = fma_f32(p, t, -0.135621041f);
  p = fma_f32(p, t, 1.25300801f);
  float square = a * a;
  float e = exp_scaled_f32(-square, -fma_f32(a, a, -square), 30);
  float d = 2.0f * a + 1.0f;
  return e * quotient_f32(p, d, 2.0f * a - (d - 1.0f)) * 9.31322575e-10f;
}
DAMO_FN double erfc_above_f64(double x) {
  double a = x > 30.0 ? 30.0 : x;
  double t = (a - 3.0) / (a + 3.0);
  double p = -4.0817613109625822e-09;
  p = fma_f64(p, t, -1.0985183145209124e-08);
  p = fma_f64(p, t, 3.3631729116808645e-08);
  p = fma_f64(p, t, 9.9666737001969551e-08);
  p = fma_f64(p, t, -1.3370326279312148e-07);
  p = fma_f64(p, t, -6.1568587348072178e-07);
  p = fma_f64(p, t, 3.5234961970381799e-07);
  p = fma_f64(p, t, 3.4723118781996887e-06);
  p = fma_f64(p, t, -7.2994608637095298e-07);
  p = fma_f64(p, t, -2.010065888719223e-05);
  p = fma_f64(p, t, 4.9491525404902425e-06);
  p = fma_f64(p, t, 0.00012509940045205546);
  p = fma_f64(p, t, -0.00010515975879473916);
  p = fma_f64(p, t, -0.00077983228329951151);
  p = fma_f64(p, t, 0.0018886903564897591);
  p = fma_f64(p, t, 0.0025293918174889964);
  p = fma_f64(p, t, -0.023770514918557185);
  p = fma_f64(p, t, 0.068308027343882166);
  p = fma_f64(p, t, -0.11927366341531062);
  p = fma_f64(p, t, 0.12964515870276358);
  p = fma_f64(p, t, -0.047562294353450718);
  p = fma_f64(p, t, -0.1356211061245812);
  p = fma_f64(p, t, 1.2530080582697296);
  double square = a * a;
  double e = exp_scaled_f64(-square, -fma_f64(a, a, -square), 60);
  double d = 2.0 * a + 1.0;
  return e * quotient_f64(p, d, 2.0 * a - (d - 1.0)) * 8.6736173798840355e-19;
}

/* erf(x) = 1 - erfc(x) above 1; erfc(x) = 1 - erf(x) near 0 and 2 - erfc(-x) below. */
DAMO_FN float erf_f32(float x) {
  float a = abs_f32(x);
  return a < 1.0f ? erf_unit_f32(x) : copysign_f32(1.0f - erfc_above_f32(a), x);
}
DAMO_FN float erfc_f32(float x) {
  float a = abs_f32(x);
  float above = erfc_above_f32(a);
  return a < 0.5f ? 1.0f - erf_unit_f32(x) : x < 0.0f ? 2.0f - above : above;
}
DAMO_FN double erf_f64(double x) {
  double a = abs_f64(x);
  return a < 1.0 ? erf_unit_f64(x) : copysign_f64(1.0 - erfc_above_f64(a), x);
}
DAMO_FN double erfc_f64(double x) {
  double a = abs_f64(x);
  double above = erfc_above_f64(a);
  return a < 0.5 ? 1.0 - erf_unit_f64(x) : x < 0.0 ? 2.0 - above : above;
}

/* ---- Integer division, remainder and power ---- */

/* floor(x / y) and x - y floor(x / y), the remainder with the sign of y. Division by 0 gives 0; -MIN / -1 wraps.
   A quotient of integers below 2^16 truncates rightly from float, below 2^32 from double: these vectorise. */
DAMO_FN int8_t floor_div_i8(int8_t x, int8_t y) {
  int8_t d = (y == 0) | (y == -1) ? 1 : y;
  int8_t q = (int8_t)((float)x / (float)d);
  int8_t r = (int8_t)(x - q * d);
  q = (int8_t)(q - ((r != 0) & ((r ^ d) < 0)));
  return y == 0 ? 0 : y == -1 ? (int8_t)(0u - (uint8_t)x) : q;
}
DAMO_FN int8_t mod_i8(int8_t x, int8_t y) {
  int8_t d = (y == 0) | (y == -1) ? 1 : y;
  int8_t q = (int8_t)((float)x / (float)d);
  int8_t r = (int8_t)(x - q * d);
  return (r != 0) & ((r ^ d) < 0) ? (int8_t)(r + d) : r;
}
DAMO_FN int16_t floor_div_i16(int16_t x, int16_t y) {
  int16_t d = (y == 0) | (y == -1) ? 1 : y;
  int16_t q = (int16_t)((float)x / (float)d);
  int16_t r = (int16_t)(x - q * d);
  q = (int16_t)(q - ((r != 0) & ((r ^ d) < 0)));
  return y == 0 ? 0 : y == -1 ? (int16_t)(0u - (uint16_t)x) : q;
}
DAMO_FN int16_t mod_i16(int16_t x, int16_t y) {
  int16_t d = (y == 0) | (y == -1) ? 1 : y;
  int16_t q = (int16_t)((float)x / (float)d);
  int16_t r = (int16_t)(x - q * d);
  return (r != 0) & ((r ^ d) < 0) ? (int16_t)(r + d) : r;
}
DAMO_FN int32_t floor_div_i32(int32_t x, int32_t y) {
  int32_t d = (y == 0) | (y == -1) ? 1 : y;
  int32_t q = (int32_t)((double)x / (double)d);
  int32_t r = (int32_t)(x - q * d);
  q = (int32_t)(q - ((r != 0) & ((r ^ d) < 0)));
  return y == 0 ? 0 : y == -1 ? (int32_t)(0u - (uint32_t)x) : q;
}
DAMO_FN int32_t mod_i32(int32_t x, int32_t y) {
  int32_t d = (y == 0) | (y == -1) ? 1 : y;
  int32_t q = (int32_t)((double)x / (double)d);
  int32_t r = (int32_t)(x - q * d);
  return (r != 0) & ((r ^ d) < 0) ? (int32_t)(r + d) : r;
}
DAMO_FN int64_t floor_div_i64(int64_t x, int64_t y) {
  int64_t d = (y == 0) | (y == -1) ? 1 : y;
  int64_t q = x / d;
  int64_t r = (int64_t)(x - q * d);
  q = (int64_t)(q - ((r != 0) & ((r ^ d) < 0)));
  return y == 0 ? 0 : y == -1 ? (int64_t)(0u - (uint64_t)x) : q;
}
DAMO_FN int64_t mod_i64(int64_t x, int64_t y) {
  int64_t d = (y == 0) | (y == -1) ? 1 : y;
  int64_t q = x / d;
  int64_t r = (int64_t)(x - q * d);
  return (r != 0) & ((r ^ d) < 0) ? (int64_t)(r + d) : r;
}
DAMO_FN uint8_t floor_div_u8(uint8_t x, uint8_t y) {
  uint8_t d = y == 0 ? 1 : y;
  uint8_t q = (uint8_t)((float)x / (float)d);
  return y == 0 ? 0 : q;
}
DAMO_FN uint8_t mod_u8(uint8_t x, uint8_t y) {
  uint8_t d = y == 0 ? 1 : y;
  uint8_t q = (uint8_t)((float)x / (float)d);
  return (uint8_t)(x - q * d);
}
DAMO_FN uint16_t floor_div_u16(uint16_t x, uint16_t y) {
  uint16_t d = y == 0 ? 1 : y;
  uint16_t q = (uint16_t)((float)x / (float)d);
  return y == 0 ? 0 : q;
}
DAMO_FN uint16_t mod_u16(uint16_t x, uint16_t y) {
  uint16_t d = y == 0 ? 1 : y;
  uint16_t q = (uint16_t)((float)x / (float)d);
  return (uint16_t)(x - q * d);
}
DAMO_FN uint32_t floor_div_u32(uint32_t x, uint32_t y) {
  uint32_t d = y == 0 ? 1 : y;
  uint32_t q = (uint32_t)((double)x / (double)d);
  return y == 0 ? 0 : q;
}
DAMO_FN uint32_t mod_u32(uint32_t x, uint32_t y) {
  uint32_t d = y == 0 ? 1 : y;
  uint32_t q = (uint32_t)((double)x / (double)d);
  return (uint32_t)(x - q * d);
}
DAMO_FN uint64_t floor_div_u64(uint64_t x, uint64_t y) {
  uint64_t d = y == 0 ? 1 : y;
  uint64_t q = x / d;
  return y == 0 ? 0 : q;
}
DAMO_FN uint64_t mod_u64(uint64_t x, uint64_t y) {
  uint64_t d = y == 0 ? 1 : y;
  uint64_t q = x / d;
  return (uint64_t)(x - q * d);
}

/* x^n by squaring, wrapping. A negative n gives the integer part of the reciprocal: 0, except for x = 1 and x = -1. */
DAMO_FN uint64_t pow_u64(uint64_t x, uint64_t n) {
  uint64_t y = 1;
  for (; n != 0; n >>= 1) {
    y *= n & 1 ? x : 1;
    x *= x;
  }
  return y;
}
DAMO_FN uint32_t pow_u32(uint32_t x, uint32_t n) {
  uint32_t y = 1;
  for (; n != 0; n >>= 1) {
    y *= n & 1 ? x : 1;
    x *= x;
  }
  return y;
}
DAMO_FN int64_t pow_i64(int64_t x, int64_t n) {
  int64_t reciprocal = x == 1 ? 1 : x == -1 ? (n & 1 ? -1 : 1) : 0;
  return n < 0 ? reciprocal : (int64_t)pow_u64((uint64_t)x, (uint64_t)n);
}
DAMO_FN int32_t pow_i32(int32_t x, int32_t n) {
  int32_t reciprocal = x == 1 ? 1 : x == -1 ? (n & 1 ? -1 : 1) : 0;
  return n < 0 ? reciprocal : (int32_t)pow_u32((uint32_t)x, (uint32_t)n);
}
DAMO_FN int8_t pow_i8(int8_t x, int8_t n) { return (int8_t)pow_i32(x, n); }
DAMO_FN int16_t pow_i16(int16_t x, int16_t n) { return (int16_t)pow_i32(x, n); }
DAMO_FN uint8_t pow_u8(uint8_t x, uint8_t n) { return (uint8_t)pow_u32(x, n); }
DAMO_FN uint16_t pow_u16(uint16_t x, uint16_t n) { return (uint16_t)pow_u32(x, n); }

/* ---- Remainder and floored quotient of floats, as NumPy defines them ---- */

/* x - y trunc(x / y), exact, with the sign of x. Each turn subtracts the rounded quotient times y, which fma does
   without error, and so removes 24 (53) of its bits; y is first scaled by powers of 2^100 (2^900) where the quotient
   would overflow. */
DAMO_FN float fmod_f32(float x, float y) {
  float m = abs_f32(y);
  float r = (abs_f32(x) < DAMO_INF_F32) & (y != 0.0f) ? x : DAMO_NAN_F32;
  while (abs_f32(r) >= m) {
    float d = m;
    while (d < abs_f32(r) * 7.88860905e-31f) d *= 1.26765060e+30f;
    r = fma_f32(-trunc_f32(r / d), d, r);
  }
  r = r * copysign_f32(1.0f, x) < 0.0f ? r + copysign_f32(m, x) : r;
  return y != y ? y : copysign_f32(r, x);
}
DAMO_FN double fmod_f64(double x, double y) {
  double m = abs_f64(y);
  double r = (abs_f64(x) < DAMO_INF_F64) & (y != 0.0) ? x : DAMO_NAN_F64;
  while (abs_f64(r) >= m) {
    double d = m;
    while (d < abs_f64(r) * 1.1830521861667747e-271) d *= 8.452712498170644e+270;
    r = fma_f64(-trunc_f64(r / d), d, r);
  }
  r = r * copysign_f64(1.0, x) < 0.0 ? r + copysign_f64(m, x) : r;
  return y != y ? y : copysign_f64(r, x);
}

/* The remainder with the sign of y, as numpy.mod: NaN for y = 0 and for infinite x. */
DAMO_FN float mod_f32(float x, float y) {
  float r = fmod_f32(x, y);
  if (r == 0.0f) return copysign_f32(0.0f, y);
  return (r < 0.0f) != (y < 0.0f) ? r + y : r;
}
DAMO_FN double mod_f64(double x, double y) {
  double r = fmod_f64(x, y);
  if (r == 0.0) return copysign_f64(0.0, y);
  return (r < 0.0) != (y < 0.0) ? r + y : r;
}

/* The floor of x / y, as numpy.floor_divide: the exact quotient (x - r) / y to the nearest integer; x / y for y = 0. */
DAMO_FN float floor_div_f32(float x, float y) {
  float r = fmod_f32(x, y);
  float q = (x - r) / y - ((r != 0.0f) & ((r < 0.0f) != (y < 0.0f)) ? 1.0f : 0.0f);
  float whole = floor_f32(q);
  whole = q - whole > 0.5f ? whole + 1.0f : whole;
  whole = q == 0.0f ? copysign_f32(0.0f, x / y) : whole;
  return y == 0.0f ? x / y : whole;
}
DAMO_FN double floor_div_f64(double x, double y) {
  double r = fmod_f64(x, y);
  double q = (x - r) / y - ((r != 0.0) & ((r < 0.0) != (y < 0.0)) ? 1.0 : 0.0);
  double whole = floor_f64(q);
  whole = q - whole > 0.5 ? whole + 1.0 : whole;
  whole = q == 0.0 ? copysign_f64(0.0, x / y) : whole;
  return y == 0.0 ? x / y : whole;
}

/* ---- Floats to integers ---- */

/* x without its fraction, modulo 2^32 or 2^64; 0 for NaN and infinities. Where x is out of range its significand is
   shifted into place: no C conversion is defined there. */
DAMO_FN int32_t i32_from_f32(float x) {
  uint32_t bits = bits_from_f32(x);
  uint32_t shift = (bits >> 23 & 0xffu) - 150u;
  uint32_t wide = ((bits & 0x7fffffu) | 0x800000u) << (shift & 31u);
  wide = shift < 32u ? wide : 0u;
  wide = x < 0.0f ? 0u - wide : wide;
  int within = abs_f32(x) < 2147483648.0f;
  int32_t near = (int32_t)(within ? x : 0.0f);
  return within ? near : (int32_t)wide;
}
DAMO_FN int64_t i64_from_f64(double x) {
  uint64_t bits = bits_from_f64(x);
  uint64_t shift = (bits >> 52 & 0x7ffu) - 1075u;
  uint64_t wide = ((bits & 0xfffffffffffffu) | 0x10000000000000u) << (shift & 63u);
  wide = shift < 64u ? wide : 0u;
  wide = x < 0.0 ? 0u - wide : wide;
  int within = abs_f64(x) < 9223372036854775808.0;
  int64_t near = (int64_t)(within ? x : 0.0);
  return within ? near : (int64_t)wide;
}
DAMO_FN int32_t i32_from_f64(double x) { return (int32_t)i64_from_f64(x); }
DAMO_FN int64_t i64_from_f32(float x) { return i64_from_f64((double)x); }

#endif
