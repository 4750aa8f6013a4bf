/* Measures the worst error of each function of csrc/vector_math.h and checks its special values.
 *
 *   gcc -O2 -fopenmp -ftree-vectorize -fvect-cost-model=dynamic -ffp-contract=off -fno-math-errno -fno-trapping-math \
 *     -march=native bench/micro/accuracy.c -o accuracy -lm && ./accuracy
 *
 * ./accuracy STRIDE COUNT takes every STRIDE-th float and COUNT doubles per function (default 509 and 10000000;
 * stride 1 is every float). The reference is libm one precision up: double for f32, long double for f64.
 * Prints `function dtype max_ulp at_x`; exits 1 if a promise of the header is broken or a special value is wrong. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../csrc/special_math.h"

enum { CHUNK = 4096 };

static int failures = 0;

/* ---- The functions under test, as kernels over arrays, and their references ---- */

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static long double sigmoidl(long double x) { return 1 / (1 + expl(-x)); }
static double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
static long double softplusl(long double x) { return (x > 0 ? x : 0) + log1pl(expl(-fabsl(x))); }

typedef struct {
  const char *name;
  void (*f32)(const float *x, float *y, long n);
  void (*f64)(const double *x, double *y, long n);
  double (*reference32)(double x);
  long double (*reference64)(long double x);
  double promise32, promise64;
} Unary;

typedef struct {
  const char *name;
  void (*f32)(const float *x, const float *y, float *z, long n);
  void (*f64)(const double *x, const double *y, double *z, long n);
  double (*reference32)(double x, double y);
  long double (*reference64)(long double x, long double y);
  double promise32, promise64;
} Binary;

#define UNARY_KERNELS(NAME, ...) \
  static void NAME##_kernel_f32(const float *x, float *y, long n) { \
    for (long i = 0; i < n; i++) y[i] = NAME##_f32(x[i]); \
  } \
  static void NAME##_kernel_f64(const double *x, double *y, long n) { \
    for (long i = 0; i < n; i++) y[i] = NAME##_f64(x[i]); \
  }
#define BINARY_KERNELS(NAME, ...) \
  static void NAME##_kernel_f32(const float *x, const float *y, float *z, long n) { \
    for (long i = 0; i < n; i++) z[i] = NAME##_f32(x[i], y[i]); \
  } \
  static void NAME##_kernel_f64(const double *x, const double *y, double *z, long n) { \
    for (long i = 0; i < n; i++) z[i] = NAME##_f64(x[i], y[i]); \
  }
DAMO_UNARY_ULP(UNARY_KERNELS)
DAMO_BINARY_ULP(BINARY_KERNELS)

#define TABLE_ROW(NAME, ULP32, ULP64) {#NAME, NAME##_kernel_f32, NAME##_kernel_f64, NAME, NAME##l, ULP32, ULP64},
static const Unary UNARY[] = {DAMO_UNARY_ULP(TABLE_ROW)};
static const Binary BINARY[] = {DAMO_BINARY_ULP(TABLE_ROW)};

/* ---- Error of one result ---- */

/* Units in the last place of f32 between y and the exact value; infinite if the kind or the sign of zero differs. */
static double error_f32(float y, double exact) {
  float rounded = (float)exact;
  if (isnan(exact) || isnan(y)) return isnan(exact) && isnan(y) ? 0 : INFINITY;
  if (isinf(rounded) && isinf(y)) return signbit(y) == signbit(rounded) ? 0 : INFINITY;
  if (isinf(exact) || isinf(y) || signbit(y) != signbit(rounded)) return INFINITY;
  int exponent = (int)(bits_from_f32(rounded) >> 23 & 255);
  exponent = exponent == 0 ? 1 : exponent == 255 ? 254 : exponent;
  return fabs(y - exact) * f64_from_bits((uint64_t)(1023 + 150 - exponent) << 52);
}
static double error_f64(double y, long double exact) {
  double rounded = (double)exact;
  if (isnan(exact) || isnan(y)) return isnan(exact) && isnan(y) ? 0 : INFINITY;
  if (isinf(rounded) && isinf(y)) return signbit(y) == signbit(rounded) ? 0 : INFINITY;
  if (isinf(exact) || isinf(y) || signbit(y) != signbit(rounded)) return INFINITY;
  int exponent = (int)(bits_from_f64(rounded) >> 52 & 2047);
  exponent = exponent == 0 ? 1 : exponent == 2047 ? 2046 : exponent;
  int half = (1075 - exponent) / 2; // 2^(1075 - exponent) may overflow a double: in two factors
  long double scaled = fabsl(y - exact) * f64_from_bits((uint64_t)(1023 + half) << 52);
  return (double)(scaled * f64_from_bits((uint64_t)(1023 + 1075 - exponent - half) << 52));
}

typedef struct {
  double error, x, y;
} Worst;

static void keep_worst(Worst *worst, double error, double x, double y) {
  if (error > worst->error) *worst = (Worst){error, x, y};
}

static void report(const char *name, const char *dtype, Worst worst, double promise, int arity) {
  int broken = worst.error > promise;
  failures += broken;
  printf("%-10s %s %8.4f  %.17g", name, dtype, worst.error, worst.x);
  if (arity == 2) printf(", %.17g", worst.y);
  if (broken) printf("  promised %g", promise);
  printf("\n");
  fflush(stdout);
}

/* ---- Points ---- */

static const double SPECIAL[] = {
  0, 0x1p-1074, 0x1p-1022, 0x1p-149, 0x1p-126, 0x1p-60, 0x1p-24, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 88.75, 104, 709.9,
  746, 0x1p24, 0x1p24 + 1, 0x1p53, 0x1.fffffep127, 0x1.fffffffffffffp1023, INFINITY, NAN,
};
enum { SPECIALS = 2 * sizeof SPECIAL / sizeof SPECIAL[0] };
static double special(long i) { return i % 2 ? -SPECIAL[i / 2] : SPECIAL[i / 2]; }

/* Sine, cosine and tangent give NaN beyond DAMO_TRIG_LIMIT. */
static int outside(const char *name, double x) {
  int circular = !strcmp(name, "sin") || !strcmp(name, "cos") || !strcmp(name, "tan");
  return circular && fabs(x) > DAMO_TRIG_LIMIT;
}

static uint64_t random_bits(uint64_t i) { // splitmix64
  i = (i + 1) * 0x9e3779b97f4a7c15u;
  i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9u;
  i = (i ^ i >> 27) * 0x94d049bb133111ebu;
  return i ^ i >> 31;
}
/* A double of either sign whose exponent is uniform in [low, high). */
static double random_by_exponent(uint64_t bits, int low, int high) {
  uint64_t exponent = (uint64_t)(1023 + low) + (bits >> 52 & 2047) % (uint64_t)(high - low);
  return f64_from_bits((bits & 0x800fffffffffffffu) | exponent << 52);
}
/* The special values, then points by exponent: wide, moderate, near 1, near multiples of pi/2, and any bit pattern. */
static double point_f64(long i) {
  if (i < SPECIALS) return special(i);
  uint64_t bits = random_bits((uint64_t)i);
  switch (i % 8) {
    case 0: return f64_from_bits(bits);
    case 1: return random_by_exponent(bits, -60, 60);
    case 2: return 1 + random_by_exponent(bits, -52, 0);
    case 3: return (double)(bits >> 40) * M_PI_2;
    case 4: return random_by_exponent(bits, -12, 4);
    default: return random_by_exponent(bits, -6, 11);
  }
}

/* ---- Measuring ---- */

static Worst measure_unary_f32(const Unary *f, long stride) {
  Worst worst = {0, 0, 0};
  long chunks = (long)((0x100000000u / (uint64_t)stride + CHUNK) / CHUNK);
#pragma omp parallel
  {
    Worst local = {0, 0, 0};
    float x[CHUNK], y[CHUNK];
#pragma omp for schedule(dynamic, 64)
    for (long c = 0; c <= chunks; c++) {
      for (long i = 0; i < CHUNK; i++) {
        x[i] = c == chunks ? (float)special(i % SPECIALS) : f32_from_bits((uint32_t)((c * CHUNK + i) * stride));
      }
      f->f32(x, y, CHUNK);
      for (long i = 0; i < CHUNK; i++) {
        double exact = outside(f->name, x[i]) ? NAN : f->reference32(x[i]);
        keep_worst(&local, error_f32(y[i], exact), x[i], 0);
      }
    }
#pragma omp critical
    keep_worst(&worst, local.error, local.x, 0);
  }
  return worst;
}

static Worst measure_unary_f64(const Unary *f, long count) {
  Worst worst = {0, 0, 0};
#pragma omp parallel
  {
    Worst local = {0, 0, 0};
    double x[CHUNK], y[CHUNK];
#pragma omp for schedule(dynamic, 16)
    for (long c = 0; c < count / CHUNK + 1; c++) {
      for (long i = 0; i < CHUNK; i++) x[i] = point_f64(c * CHUNK + i);
      f->f64(x, y, CHUNK);
      for (long i = 0; i < CHUNK; i++) {
        long double exact = outside(f->name, x[i]) ? NAN : f->reference64(x[i]);
        keep_worst(&local, error_f64(y[i], exact), x[i], 0);
      }
    }
#pragma omp critical
    keep_worst(&worst, local.error, local.x, 0);
  }
  return worst;
}

/* All pairs of special values, then pairs of random points. */
static void point_pair(long i, double *x, double *y) {
  int first = i < SPECIALS * SPECIALS;
  *x = first ? special(i / SPECIALS) : point_f64(2 * SPECIALS + i);
  *y = first ? special(i % SPECIALS) : point_f64(2 * SPECIALS + (long)(random_bits((uint64_t)i) >> 2));
}

static Worst measure_binary_f32(const Binary *f, long count) {
  Worst worst = {0, 0, 0};
#pragma omp parallel
  {
    Worst local = {0, 0, 0};
    float x[CHUNK], y[CHUNK], z[CHUNK];
#pragma omp for schedule(dynamic, 16)
    for (long c = 0; c < count / CHUNK + 1; c++) {
      for (long i = 0; i < CHUNK; i++) {
        double a, b;
        point_pair(c * CHUNK + i, &a, &b);
        x[i] = (float)a;
        y[i] = (float)b;
      }
      f->f32(x, y, z, CHUNK);
      for (long i = 0; i < CHUNK; i++) {
        keep_worst(&local, error_f32(z[i], f->reference32(x[i], y[i])), x[i], y[i]);
      }
    }
#pragma omp critical
    keep_worst(&worst, local.error, local.x, local.y);
  }
  return worst;
}

static Worst measure_binary_f64(const Binary *f, long count) {
  Worst worst = {0, 0, 0};
#pragma omp parallel
  {
    Worst local = {0, 0, 0};
    double x[CHUNK], y[CHUNK], z[CHUNK];
#pragma omp for schedule(dynamic, 16)
    for (long c = 0; c < count / CHUNK + 1; c++) {
      for (long i = 0; i < CHUNK; i++) point_pair(c * CHUNK + i, &x[i], &y[i]);
      f->f64(x, y, z, CHUNK);
      for (long i = 0; i < CHUNK; i++) {
        keep_worst(&local, error_f64(z[i], f->reference64(x[i], y[i])), x[i], y[i]);
      }
    }
#pragma omp critical
    keep_worst(&worst, local.error, local.x, local.y);
  }
  return worst;
}

/* ---- Functions that must be exact ---- */

enum { EXACT_PAIRS = 300000 };

/* Integers: every pair of small values and limits, then random pairs of all magnitudes, against 128-bit arithmetic. */
typedef __int128 Wide;
static Wide floor_div_reference(Wide x, Wide y) { return y == 0 ? 0 : x / y - (x % y != 0 && (x % y < 0) != (y < 0)); }
static Wide mod_reference(Wide x, Wide y) { return y == 0 ? 0 : x - y * floor_div_reference(x, y); }
static Wide pow_reference(Wide x, Wide n) {
  if (n < 0) return x == 1 ? 1 : x == -1 ? (n % 2 ? -1 : 1) : 0;
  unsigned __int128 y = 1, base = (unsigned __int128)x;
  for (; n > 0; n /= 2, base *= base) y *= n % 2 ? base : 1;
  return (Wide)y;
}

static uint64_t integer_bits(long i, long seed) {
  if (i < 16) return (uint64_t)(i - 8);
  if (i < 20) return (i % 2 ? UINT64_MAX >> 1 : 1ull << 63) >> (i < 18 ? 0 : 32);
  uint64_t bits = random_bits((uint64_t)(i * 2 + seed));
  return bits >> random_bits(bits) % 64;
}

#define CHECK_INTEGER(NAME, SUFFIX, TYPE) \
  static void check_##NAME##_##SUFFIX(void) { \
    Worst worst = {0, 0, 0}; \
    for (long i = 0; i < EXACT_PAIRS; i++) { \
      TYPE x = (TYPE)(i < 65536 && sizeof(TYPE) == 1 ? i & 255 : (long)integer_bits(i < 400 ? i / 20 : i, 0)); \
      TYPE y = (TYPE)(i < 65536 && sizeof(TYPE) == 1 ? i >> 8 : (long)integer_bits(i < 400 ? i % 20 : i, 1)); \
      if (NAME##_##SUFFIX(x, y) != (TYPE)NAME##_reference(x, y)) keep_worst(&worst, INFINITY, (double)x, (double)y); \
    } \
    report(#NAME, #SUFFIX, worst, 0, 2); \
  }
#define INTEGER_FUNCTIONS(ROW) \
  INTEGER_TYPES(ROW, floor_div) \
  INTEGER_TYPES(ROW, mod) \
  INTEGER_TYPES(ROW, pow)
#define INTEGER_TYPES(ROW, NAME) \
  ROW(NAME, i8, int8_t) \
  ROW(NAME, i16, int16_t) \
  ROW(NAME, i32, int32_t) \
  ROW(NAME, i64, int64_t) \
  ROW(NAME, u8, uint8_t) \
  ROW(NAME, u16, uint16_t) \
  ROW(NAME, u32, uint32_t) \
  ROW(NAME, u64, uint64_t)
INTEGER_FUNCTIONS(CHECK_INTEGER)

/* Floats: pairs as above, against libm and the definitions of NumPy. */
#define FLOAT_REFERENCES(SUFFIX, TYPE, C) \
  static TYPE maximum_reference_##SUFFIX(TYPE x, TYPE y) { return x >= y || isnan(x) ? x : y; } \
  static TYPE minimum_reference_##SUFFIX(TYPE x, TYPE y) { return x <= y || isnan(x) ? x : y; } \
  static TYPE fmod_reference_##SUFFIX(TYPE x, TYPE y) { return fmod##C(x, y); } \
  static TYPE mod_reference_##SUFFIX(TYPE x, TYPE y) { \
    TYPE r = fmod##C(x, y); \
    if (r == 0) return copysign##C(0, y); \
    return y != 0 && (y < 0) != (r < 0) ? r + y : r; \
  } \
  static TYPE floor_div_reference_##SUFFIX(TYPE x, TYPE y) { \
    TYPE r = fmod##C(x, y), q = (x - r) / y; \
    if (y == 0) return x / y; \
    if (r != 0 && (y < 0) != (r < 0)) q -= 1; \
    if (q == 0) return copysign##C(0, x / y); \
    return floor##C(q) + (q - floor##C(q) > (TYPE)0.5 ? 1 : 0); \
  } \
  static TYPE sign_reference_##SUFFIX(TYPE x) { return isnan(x) ? x : (TYPE)((x > 0) - (x < 0)); } \
  static TYPE rint_reference_##SUFFIX(TYPE x) { return nearbyint##C(x); } \
  static TYPE floor_reference_##SUFFIX(TYPE x) { return -(TYPE)ceill(-(long double)x); } \
  static TYPE ceil_reference_##SUFFIX(TYPE x) { return (TYPE)ceill(x); } \
  static TYPE trunc_reference_##SUFFIX(TYPE x) { return (TYPE)truncl(x); } \
  static TYPE sqrt_reference_##SUFFIX(TYPE x) { return sqrt##C(x); } \
  static TYPE abs_reference_##SUFFIX(TYPE x) { return signbit(x) ? -x : x; }
FLOAT_REFERENCES(f32, float, f)
FLOAT_REFERENCES(f64, double, )

static int same(double x, double y) { return x == y ? signbit(x) == signbit(y) : isnan(x) && isnan(y); }

#define CHECK_FLOAT_UNARY(NAME, SUFFIX, TYPE) \
  static void check_##NAME##_##SUFFIX(void) { \
    Worst worst = {0, 0, 0}; \
    for (long i = 0; i < EXACT_PAIRS; i++) { \
      TYPE x = (TYPE)point_f64(i); \
      if (!same(NAME##_##SUFFIX(x), NAME##_reference_##SUFFIX(x))) keep_worst(&worst, INFINITY, x, 0); \
    } \
    report(#NAME, #SUFFIX, worst, 0, 1); \
  }
#define CHECK_FLOAT_BINARY(NAME, SUFFIX, TYPE) \
  static void check_##NAME##_##SUFFIX(void) { \
    Worst worst = {0, 0, 0}; \
    for (long i = 0; i < EXACT_PAIRS; i++) { \
      double a, b; \
      point_pair(i, &a, &b); \
      TYPE x = (TYPE)a, y = (TYPE)b; \
      if (!same(NAME##_##SUFFIX(x, y), NAME##_reference_##SUFFIX(x, y))) keep_worst(&worst, INFINITY, x, y); \
    } \
    report(#NAME, #SUFFIX, worst, 0, 2); \
  }
#define FLOAT_UNARY(ROW) \
  FLOAT_TYPES(ROW, sign) \
  FLOAT_TYPES(ROW, rint) \
  FLOAT_TYPES(ROW, floor) \
  FLOAT_TYPES(ROW, ceil) \
  FLOAT_TYPES(ROW, trunc) \
  FLOAT_TYPES(ROW, sqrt) \
  FLOAT_TYPES(ROW, abs)
#define FLOAT_BINARY(ROW) \
  FLOAT_TYPES(ROW, maximum) \
  FLOAT_TYPES(ROW, minimum) \
  FLOAT_TYPES(ROW, fmod) \
  FLOAT_TYPES(ROW, mod) \
  FLOAT_TYPES(ROW, floor_div)
#define FLOAT_TYPES(ROW, NAME) \
  ROW(NAME, f32, float) \
  ROW(NAME, f64, double)
FLOAT_UNARY(CHECK_FLOAT_UNARY)
FLOAT_BINARY(CHECK_FLOAT_BINARY)

/* ---- Special functions that libm has too: at points by exponent, in units of 2^-52 of the value or of a scale ---- */

static long double nothing(long double x) { return 0 * x; }
static long double amplitude(long double x) { return sqrtl(2 / ((long double)M_PI * x)); }
static long double scaled_erfcl(long double x) { return expl(x * x) * erfcl(x); }

typedef struct {
  const char *name;
  double (*f64)(double x);
  long double (*reference)(long double x), (*scale)(long double x);
  int low, high; /* exponents of the points, which are positive */
  double promise;
} Special;

static const Special SPECIAL_FUNCTIONS[] = {
  {"gamma", special_gamma_f64, tgammal, nothing, -40, 7, 4},
  {"gammaln", special_gammaln_f64, lgammal, nothing, -40, 40, 8},
  {"erfcx", special_erfcx_f64, scaled_erfcl, nothing, -40, 3, 4},
  {"j0", special_j0_f64, j0l, amplitude, -40, 12, 8},
  {"j1", special_j1_f64, j1l, amplitude, -40, 12, 8},
};

static Worst measure_special(const Special *f, long count) {
  Worst worst = {0, 0, 0};
  for (long i = 0; i < count; i++) {
    double x = fabs(random_by_exponent(random_bits((uint64_t)i), f->low, f->high));
    long double exact = f->reference(x), size = fmaxl(fabsl(exact), f->scale(x));
    keep_worst(&worst, (double)(fabsl(f->f64(x) - exact) / size * 0x1p52L), x, 0);
  }
  return worst;
}

#define RUN_CHECK(NAME, SUFFIX, TYPE) check_##NAME##_##SUFFIX();

int main(int argc, char **argv) {
  long stride = argc > 1 ? atol(argv[1]) : 509;
  long count = argc > 2 ? atol(argv[2]) : 10000000;
  for (const Unary *f = UNARY; f < UNARY + sizeof UNARY / sizeof *UNARY; f++) {
    report(f->name, "f32", measure_unary_f32(f, stride), f->promise32, 1);
    report(f->name, "f64", measure_unary_f64(f, count), f->promise64, 1);
  }
  for (const Binary *f = BINARY; f < BINARY + sizeof BINARY / sizeof *BINARY; f++) {
    report(f->name, "f32", measure_binary_f32(f, count), f->promise32, 2);
    report(f->name, "f64", measure_binary_f64(f, count), f->promise64, 2);
  }
  for (const Special *f = SPECIAL_FUNCTIONS; f < SPECIAL_FUNCTIONS + sizeof SPECIAL_FUNCTIONS / sizeof *f; f++) {
    report(f->name, "f64", measure_special(f, count / 20), f->promise, 1);
  }
  FLOAT_UNARY(RUN_CHECK)
  FLOAT_BINARY(RUN_CHECK)
  INTEGER_FUNCTIONS(RUN_CHECK)
  return failures != 0;
}
