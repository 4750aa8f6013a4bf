/*
** fft.h - discrete Fourier transforms of complex lines of any length, in
** double precision: factors of a length one after the other, and lengths with
** a large prime factor as convolutions whose length is a power of two.
*/
#ifndef DAMO_FFT_H
#define DAMO_FFT_H

#include "kernel.h"
#include "vector_math.h"

enum { FFT_LARGEST_FACTOR = 64 };

/* A length, and memory for its transforms. `m` is the length of the convolution, 0 where there is none. */
typedef struct Fft {
  int64_t n, m;
  double *turns;             /* e^(2 pi i k / n), or of m */
  double *chirp, *filter;    /* e^(pi i k^2 / n); the transform of what the convolution is with */
  double *re, *im;           /* the line; one more of each behind them */
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
  return m ? 8 * m + 2 * n : 6 * n;
}

/* One factor r of the rest of a length: from x to y; `s` is what the factors before it make. */
static inline void fft_pass(const Fft *f, int64_t r, int64_t rest, int64_t s, const double *xr, const double *xi, double *yr,
                            double *yi) {
  int64_t n = f->m ? f->m : f->n, m = rest / r;
  for (int64_t p = 0; p < m; p++) {
    const double *w = f->turns + 2 * p * s, *w2 = f->turns + 4 * p * s, *w3 = f->turns + 6 * p * s;
    double *zr = yr + s * r * p, *zi = yi + s * r * p;
    const double *ar = xr + s * p, *ai = xi + s * p;
    if (r == 2) {
      const double *br = ar + s * m, *bi = ai + s * m, c = w[0], d = -w[1];
      for (int64_t q = 0; q < s; q++) {
        double u = ar[q] - br[q], v = ai[q] - bi[q];
        zr[q] = ar[q] + br[q], zi[q] = ai[q] + bi[q];
        zr[q + s] = u * c - v * d, zi[q + s] = u * d + v * c;
      }
    } else if (r == 4) {
      const double *br = ar + s * m, *bi = ai + s * m, *cr = br + s * m, *ci = bi + s * m, *dr = cr + s * m, *di = ci + s * m;
      for (int64_t q = 0; q < s; q++) {
        double t0r = ar[q] + cr[q], t0i = ai[q] + ci[q], t1r = ar[q] - cr[q], t1i = ai[q] - ci[q];
        double t2r = br[q] + dr[q], t2i = bi[q] + di[q], t3r = bi[q] - di[q], t3i = dr[q] - br[q];
        double ur = t1r + t3r, ui = t1i + t3i, vr = t0r - t2r, vi = t0i - t2i, hr = t1r - t3r, hi = t1i - t3i;
        zr[q] = t0r + t2r, zi[q] = t0i + t2i;
        zr[q + s] = ur * w[0] + ui * w[1], zi[q + s] = ui * w[0] - ur * w[1];
        zr[q + 2 * s] = vr * w2[0] + vi * w2[1], zi[q + 2 * s] = vi * w2[0] - vr * w2[1];
        zr[q + 3 * s] = hr * w3[0] + hi * w3[1], zi[q + 3 * s] = hi * w3[0] - hr * w3[1];
      }
    } else {
      for (int64_t k = 0; k < r; k++) {
        double *kr = zr + s * k, *ki = zi + s * k;
        for (int64_t j = 0; j < r; j++) {
          const double *turn = f->turns + 2 * ((p * k * s + j * k % r * (n / r)) % n), c = turn[0], d = -turn[1];
          const double *jr = ar + s * m * j, *ji = ai + s * m * j;
          if (j == 0) for (int64_t q = 0; q < s; q++) kr[q] = ki[q] = 0;
          for (int64_t q = 0; q < s; q++) {
            kr[q] += jr[q] * c - ji[q] * d;
            ki[q] += jr[q] * d + ji[q] * c;
          }
        }
      }
    }
  }
}

/* The transform of a line whose length has small factors only, in its place; with re and im exchanged, the inverse one times the length. */
static inline void fft_factors(const Fft *f, double *re, double *im) {
  int64_t n = f->m ? f->m : f->n, s = 1;
  double *xr = re, *xi = im, *yr = f->im + n, *yi = yr + n;
  for (int64_t rest = n; rest > 1;) {
    int64_t r = fft_factor(rest);
    fft_pass(f, r, rest, s, xr, xi, yr, yi);
    double *old_r = xr, *old_i = xi;
    xr = yr, xi = yi, yr = old_r, yi = old_i;
    s *= r, rest /= r;
  }
  if (xr == re) return;
  for (int64_t i = 0; i < n; i++) re[i] = xr[i], im[i] = xi[i];
}

/* Fills tables for lines of length n. */
static inline void fft_plan(Fft *f, int64_t n, double *memory) {
  int64_t m = fft_convolution(n), length = m ? m : n;
  f->n = n, f->m = m;
  f->turns = memory;
  f->re = f->turns + 2 * length;
  f->im = f->re + length;
  f->filter = f->im + 3 * length;
  f->chirp = f->filter + 2 * m;
  for (int64_t k = 0; k < length; k++) fft_turn(f->turns + 2 * k, k, length);
  if (!m) return;
  for (int64_t k = 0; k < n; k++) fft_turn(f->chirp + 2 * k, k * k % (2 * n), 2 * n);
  double *re = f->filter, *im = re + m;
  for (int64_t k = 0; k < 2 * m; k++) re[k] = 0;
  for (int64_t k = 0; k < n; k++) {
    int64_t mirror = k ? m - k : 0;
    re[k] = re[mirror] = f->chirp[2 * k];
    im[k] = im[mirror] = f->chirp[2 * k + 1];
  }
  fft_factors(f, re, im);
}

/* Sum_j x_j e^(-2 pi i j k / n) of the line in f->re and f->im, in its place; of the exchanged line, with the other sign. */
static inline void fft_line(const Fft *f, int inverse) {
  double *re = inverse ? f->im : f->re, *im = inverse ? f->re : f->im;
  if (!f->m) {
    fft_factors(f, re, im);
    return;
  }
  for (int64_t k = 0; k < f->m; k++) {
    double c = k < f->n ? f->chirp[2 * k] : 0, d = k < f->n ? -f->chirp[2 * k + 1] : 0, x = k < f->n ? re[k] : 0,
           y = k < f->n ? im[k] : 0;
    re[k] = x * c - y * d, im[k] = x * d + y * c;
  }
  fft_factors(f, re, im);
  for (int64_t k = 0; k < f->m; k++) {
    double x = re[k], y = im[k], c = f->filter[k], d = f->filter[f->m + k];
    re[k] = x * c - y * d, im[k] = x * d + y * c;
  }
  fft_factors(f, im, re);
  for (int64_t k = 0; k < f->n; k++) {
    double c = f->chirp[2 * k] / (double)f->m, d = -f->chirp[2 * k + 1] / (double)f->m, x = re[k], y = im[k];
    re[k] = x * c - y * d, im[k] = x * d + y * c;
  }
}

/* Transforms the middle axis of an array of complex numbers in its place. */
static inline void fft_axis(const Fft *f, double *x, int64_t before, int64_t after, int inverse) {
  for (int64_t b = 0; b < before; b++) {
    for (int64_t a = 0; a < after; a++) {
      double *line = x + 2 * (b * f->n * after + a);
      for (int64_t i = 0; i < f->n; i++) f->re[i] = line[2 * i * after], f->im[i] = line[2 * i * after + 1];
      fft_line(f, inverse);
      for (int64_t i = 0; i < f->n; i++) line[2 * i * after] = f->re[i], line[2 * i * after + 1] = f->im[i];
    }
  }
}

#endif
