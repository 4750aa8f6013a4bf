/*
** fft.h - discrete Fourier transforms of complex lines of any length, in
** double precision: factors of a length one after the other, and lengths with
** a large prime factor as convolutions whose length is a power of two. Several
** lines are transformed at a time, side by side, so that the same operations
** fill vectors whatever the factors are.
*/
#ifndef DAMO_FFT_H
#define DAMO_FFT_H

#include "kernel.h"
#include "vector_math.h"

enum { FFT_LARGEST_FACTOR = 64, FFT_LINES = 8 };

/* A length, and memory for its transforms. `m` is the length of the convolution, 0 where there is none. */
typedef struct Fft {
  int64_t n, m;
  double *turns;             /* e^(2 pi i k / n), or of m */
  double *chirp, *filter;    /* e^(pi i k^2 / n); the transform of what the convolution is with */
  double *re, *im;           /* element i of line l at [i * FFT_LINES + l]; as much again behind them */
} Fft;

/* e^(2 pi i k / n), for 0 <= k < n: an angle of at most an eighth turn from the nearest quarter. */
static inline void fft_turn(double *turn, int64_t k, int64_t n) {
  int64_t quarter = (4 * k + n / 2) / n;
  double r = 1.5707963267948966 * (double)(4 * k - quarter * n) / (double)n;
  double c = cos_near_zero_f64(r), s = sin_near_zero_f64(r);
  switch (quarter & 3) {
    case 0: turn[0] = c, turn[1] = s; break;
    case 1: turn[0] = -s, turn[1] = c; break;
    case 2: turn[0] = -c, turn[1] = -s; break;
    default: turn[0] = s, turn[1] = -c;
  }
}

static inline int64_t fft_factor(int64_t n) {
  if (n % 4 == 0) return 4;
  for (int64_t r = 2; r * r <= n; r++) {
    if (n % r == 0) return r;
  }
  return n;
}

static inline int64_t fft_convolution(int64_t n) {
  int64_t largest = 1, m = 1;
  for (int64_t left = n; left > 1; left /= fft_factor(left)) {
    if (fft_factor(left) > largest) largest = fft_factor(left);
  }
  if (largest <= FFT_LARGEST_FACTOR) return 0;
  while (m < 2 * n - 1) m *= 2;
  return m;
}

/* How many numbers fft_plan wants. */
static inline int64_t fft_memory(int64_t n) {
  int64_t m = fft_convolution(n);
  return m ? (4 + 4 * FFT_LINES) * m + 2 * n : (2 + 4 * FFT_LINES) * n;
}

/* One factor r of the rest of a length: from x to y, which lie apart; `s` is what the factors before it make, times the lines. */
static inline void fft_pass(const Fft *f, int64_t r, int64_t rest, int64_t s, const double *xr, const double *xi, double *yr,
                            double *yi) {
  int64_t n = f->m ? f->m : f->n, m = rest / r, step = s / FFT_LINES;
  for (int64_t p = 0; p < m; p++) {
    const double *w = f->turns + 2 * p * step;
    double *zr = yr + s * r * p, *zi = yi + s * r * p;
    const double *ar = xr + s * p, *ai = xi + s * p;
    if (r == 2) {
      const double *br = ar + s * m, *bi = ai + s * m, c = w[0], d = -w[1];
      #pragma GCC ivdep
      for (int64_t q = 0; q < s; q++) {
        double u = ar[q] - br[q], v = ai[q] - bi[q];
        zr[q] = ar[q] + br[q], zi[q] = ai[q] + bi[q];
        zr[q + s] = u * c - v * d, zi[q + s] = u * d + v * c;
      }
    } else if (r == 4) {
      const double *br = ar + s * m, *bi = ai + s * m, *cr = br + s * m, *ci = bi + s * m, *dr = cr + s * m, *di = ci + s * m;
      const double *w2 = f->turns + 4 * p * step, *w3 = f->turns + 6 * p * step;
      double c1 = w[0], d1 = w[1], c2 = w2[0], d2 = w2[1], c3 = w3[0], d3 = w3[1];
      #pragma GCC ivdep
      for (int64_t q = 0; q < s; q++) {
        double t0r = ar[q] + cr[q], t0i = ai[q] + ci[q], t1r = ar[q] - cr[q], t1i = ai[q] - ci[q];
        double t2r = br[q] + dr[q], t2i = bi[q] + di[q], t3r = bi[q] - di[q], t3i = dr[q] - br[q];
        double ur = t1r + t3r, ui = t1i + t3i, vr = t0r - t2r, vi = t0i - t2i, hr = t1r - t3r, hi = t1i - t3i;
        zr[q] = t0r + t2r, zi[q] = t0i + t2i;
        zr[q + s] = ur * c1 + ui * d1, zi[q + s] = ui * c1 - ur * d1;
        zr[q + 2 * s] = vr * c2 + vi * d2, zi[q + 2 * s] = vi * c2 - vr * d2;
        zr[q + 3 * s] = hr * c3 + hi * d3, zi[q + 3 * s] = hi * c3 - hr * d3;
      }
    } else {
      for (int64_t k = 0; k < r; k++) {
        double *kr = zr + s * k, *ki = zi + s * k;
        for (int64_t j = 0; j < r; j++) {
          const double *turn = f->turns + 2 * ((p * k * step + j * k % r * (n / r)) % n), c = turn[0], d = -turn[1];
          const double *jr = ar + s * m * j, *ji = ai + s * m * j;
          if (j == 0) for (int64_t q = 0; q < s; q++) kr[q] = ki[q] = 0;
          #pragma GCC ivdep
          for (int64_t q = 0; q < s; q++) {
            kr[q] += jr[q] * c - ji[q] * d;
            ki[q] += jr[q] * d + ji[q] * c;
          }
        }
      }
    }
  }
}

/* The transforms of lines whose length has small factors only, in their place; with re and im exchanged, the inverse ones times the length. */
static inline void fft_factors(const Fft *f, double *re, double *im) {
  int64_t n = f->m ? f->m : f->n, size = n * FFT_LINES, s = FFT_LINES;
  double *xr = re, *xi = im, *yr = f->im + size, *yi = yr + size;
  for (int64_t rest = n; rest > 1;) {
    int64_t r = fft_factor(rest);
    fft_pass(f, r, rest, s, xr, xi, yr, yi);
    double *old_r = xr, *old_i = xi;
    xr = yr, xi = yi, yr = old_r, yi = old_i;
    s *= r, rest /= r;
  }
  if (xr == re) return;
  for (int64_t i = 0; i < size; i++) re[i] = xr[i], im[i] = xi[i];
}

/* Fills tables for lines of length n. */
static inline void fft_plan(Fft *f, int64_t n, double *memory) {
  int64_t m = fft_convolution(n), length = m ? m : n, size = length * FFT_LINES;
  f->n = n, f->m = m;
  f->turns = memory;
  f->re = f->turns + 2 * length;
  f->im = f->re + size;
  f->filter = f->im + 3 * size;
  f->chirp = f->filter + 2 * m;
  for (int64_t k = 0; k < length; k++) fft_turn(f->turns + 2 * k, k, length);
  if (!m) return;
  for (int64_t k = 0; k < n; k++) fft_turn(f->chirp + 2 * k, k * k % (2 * n), 2 * n);
  for (int64_t i = 0; i < size; i++) f->re[i] = f->im[i] = 0;
  for (int64_t k = 0; k < n; k++) {
    int64_t here = k * FFT_LINES, mirror = k ? (m - k) * FFT_LINES : 0;
    f->re[here] = f->re[mirror] = f->chirp[2 * k];
    f->im[here] = f->im[mirror] = f->chirp[2 * k + 1];
  }
  fft_factors(f, f->re, f->im);
  for (int64_t k = 0; k < m; k++) f->filter[2 * k] = f->re[k * FFT_LINES], f->filter[2 * k + 1] = f->im[k * FFT_LINES];
}

/* The elements k of all lines times c + d i. */
static inline void fft_scale(double *re, double *im, int64_t k, double c, double d) {
  re += k * FFT_LINES, im += k * FFT_LINES;
  for (int64_t l = 0; l < FFT_LINES; l++) {
    double x = re[l], y = im[l];
    re[l] = x * c - y * d, im[l] = x * d + y * c;
  }
}

/* Sum_j x_j e^(-2 pi i j k / n) of the lines in f->re and f->im, in their place; of the exchanged lines, with the other sign. */
static inline void fft_lines(const Fft *f, int inverse) {
  double *re = inverse ? f->im : f->re, *im = inverse ? f->re : f->im;
  if (!f->m) {
    fft_factors(f, re, im);
    return;
  }
  for (int64_t k = 0; k < f->n; k++) fft_scale(re, im, k, f->chirp[2 * k], -f->chirp[2 * k + 1]);
  for (int64_t i = f->n * FFT_LINES; i < f->m * FFT_LINES; i++) re[i] = im[i] = 0;
  fft_factors(f, re, im);
  for (int64_t k = 0; k < f->m; k++) fft_scale(re, im, k, f->filter[2 * k], f->filter[2 * k + 1]);
  fft_factors(f, im, re);
  double size = (double)f->m;
  for (int64_t k = 0; k < f->n; k++) fft_scale(re, im, k, f->chirp[2 * k] / size, -f->chirp[2 * k + 1] / size);
}

/* Transforms the middle axis of an array of complex numbers in its place. */
static inline void fft_axis(const Fft *f, double *x, int64_t before, int64_t after, int inverse) {
  int64_t count = before * after;
  for (int64_t first = 0; first < count; first += FFT_LINES) {
    double *line[FFT_LINES];
    int64_t lines = count - first < FFT_LINES ? count - first : FFT_LINES;
    for (int64_t l = 0; l < lines; l++) line[l] = x + 2 * ((first + l) / after * f->n * after + (first + l) % after);
    for (int64_t i = 0; i < f->n; i++) {
      double *re = f->re + i * FFT_LINES, *im = f->im + i * FFT_LINES;
      for (int64_t l = 0; l < lines; l++) re[l] = line[l][2 * i * after], im[l] = line[l][2 * i * after + 1];
      for (int64_t l = lines; l < FFT_LINES; l++) re[l] = im[l] = 0;
    }
    fft_lines(f, inverse);
    for (int64_t i = 0; i < f->n; i++) {
      const double *re = f->re + i * FFT_LINES, *im = f->im + i * FFT_LINES;
      for (int64_t l = 0; l < lines; l++) line[l][2 * i * after] = re[l], line[l][2 * i * after + 1] = im[l];
    }
  }
}

/* Real lines are transformed in pairs, as the real and the imaginary parts of complex ones. */
#define DAMO_FFT_REAL(R)                                                                                        \
  /* The first `bins` numbers of the transforms of real lines. */                                               \
  static inline void fft_forward_##R(const Fft *f, double *to, const R *from, int64_t count, int64_t bins) {    \
    int64_t n = f->n;                                                                                           \
    for (int64_t first = 0; first < count; first += 2 * FFT_LINES) {                                            \
      for (int64_t l = 0; l < FFT_LINES; l++) {                                                                 \
        int64_t a = first + l, b = a + FFT_LINES;                                                               \
        for (int64_t i = 0; i < n; i++) {                                                                       \
          f->re[i * FFT_LINES + l] = a < count ? from[a * n + i] : 0;                                           \
          f->im[i * FFT_LINES + l] = b < count ? from[b * n + i] : 0;                                           \
        }                                                                                                       \
      }                                                                                                         \
      fft_lines(f, 0);                                                                                          \
      for (int64_t l = 0; l < FFT_LINES; l++) {                                                                 \
        int64_t a = first + l, b = a + FFT_LINES;                                                               \
        for (int64_t k = 0; k < bins && k < n; k++) {                                                           \
          int64_t here = k * FFT_LINES + l, mirror = (k ? n - k : 0) * FFT_LINES + l;                           \
          double xr = f->re[here], xi = f->im[here], yr = f->re[mirror], yi = f->im[mirror];                    \
          double *za = to + 2 * (a * bins + k), *zb = to + 2 * (b * bins + k);                                  \
          if (a < count) za[0] = 0.5 * (xr + yr), za[1] = 0.5 * (xi - yi);                                      \
          if (b < count) zb[0] = 0.5 * (xi + yi), zb[1] = 0.5 * (yr - xr);                                      \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
  /* The real lines whose transforms begin with these numbers, times their length. */                           \
  static inline void fft_backward_##R(const Fft *f, R *to, const double *from, int64_t count, int64_t bins) {   \
    int64_t n = f->n;                                                                                           \
    for (int64_t first = 0; first < count; first += 2 * FFT_LINES) {                                            \
      for (int64_t l = 0; l < FFT_LINES; l++) {                                                                 \
        int64_t a = first + l, b = a + FFT_LINES;                                                               \
        for (int64_t k = 0; k < bins && k < n; k++) {                                                           \
          int64_t other = k ? n - k : 0, here = k * FFT_LINES + l, mirror = other * FFT_LINES + l;              \
          const double *za = from + 2 * (a * bins + k), *zb = from + 2 * (b * bins + k);                        \
          double ar = a < count ? za[0] : 0, ai = a < count && k != other ? za[1] : 0;                          \
          double br = b < count ? zb[0] : 0, bi = b < count && k != other ? zb[1] : 0;                          \
          f->re[mirror] = ar + bi, f->im[mirror] = br - ai;                                                     \
          f->re[here] = ar - bi, f->im[here] = br + ai;                                                         \
        }                                                                                                       \
      }                                                                                                         \
      fft_lines(f, 1);                                                                                          \
      for (int64_t l = 0; l < FFT_LINES; l++) {                                                                 \
        int64_t a = first + l, b = a + FFT_LINES;                                                               \
        for (int64_t i = 0; i < n; i++) {                                                                       \
          if (a < count) to[a * n + i] = f->re[i * FFT_LINES + l];                                              \
          if (b < count) to[b * n + i] = f->im[i * FFT_LINES + l];                                              \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
  }

DAMO_FFT_REAL(float)
DAMO_FFT_REAL(double)

#endif
