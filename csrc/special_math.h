/* Special functions of doubles, for kernels that name one. Printed from src/ops/elementwise/special_*.ts by
 * `deno task special`: change it there. Each is special_NAME_f64 and, rounded once from that, special_NAME_f32.
 * They have branches and loops, so no vectors are made of them; src/tools/special_promises.ts has their accuracy. */
#ifndef DAMO_SPECIAL_MATH_H
#define DAMO_SPECIAL_MATH_H

#include "vector_math.h"

#ifdef __CUDACC__
#define DAMO_SPECIAL static __device__
#else
#define DAMO_SPECIAL static inline
#endif

DAMO_SPECIAL double special_chebyshev(double t, const double *c, double n);
DAMO_SPECIAL double special_sinPi(double x);
DAMO_SPECIAL double special_cosPi(double x);
DAMO_SPECIAL double special_stirling(double x);
DAMO_SPECIAL double special_gammalnPositive(double x);
DAMO_SPECIAL double special_gammaln(double x);
DAMO_SPECIAL double special_gammaln1p(double a);
DAMO_SPECIAL double special_logLess(double x, double y);
DAMO_SPECIAL double special_betaln(double a, double b);
DAMO_SPECIAL double special_gammaPositive(double x);
DAMO_SPECIAL double special_gamma(double x);
DAMO_SPECIAL double special_beta(double a, double b);
DAMO_SPECIAL double special_digammaPositive(double x);
DAMO_SPECIAL double special_digammaNear(double x);
DAMO_SPECIAL double special_digamma(double x);
DAMO_SPECIAL double special_hurwitz(double s, double x);
DAMO_SPECIAL double special_trigamma(double x);
DAMO_SPECIAL double special_polygamma(double n, double x);
DAMO_SPECIAL double special_expSquare(double x);
DAMO_SPECIAL double special_erfcxPositive(double x);
DAMO_SPECIAL double special_erfcx(double x);
DAMO_SPECIAL double special_erfinvNear(double x);
DAMO_SPECIAL double special_erfcinvPositive(double y);
DAMO_SPECIAL double special_erfcinv(double y);
DAMO_SPECIAL double special_erfinv(double x);
DAMO_SPECIAL double special_besselSeries(double v, double q);
DAMO_SPECIAL double special_i0(double x);
DAMO_SPECIAL double special_i1(double x);
DAMO_SPECIAL double special_j0(double x);
DAMO_SPECIAL double special_j1(double x);
DAMO_SPECIAL double special_besselFactor(double v, double x);
DAMO_SPECIAL double special_ivPositive(double v, double x);
DAMO_SPECIAL double special_iv(double v, double x);
DAMO_SPECIAL double special_jvFar(double v, double x);
DAMO_SPECIAL double special_jvBetween(double v, double x);
DAMO_SPECIAL double special_jvPositive(double v, double x);
DAMO_SPECIAL double special_jv(double v, double x);
DAMO_SPECIAL double special_gammaFactor(double a, double x);
DAMO_SPECIAL double special_gammaSeries(double a, double x);
DAMO_SPECIAL double special_gammaFraction(double a, double x);
DAMO_SPECIAL double special_gammaAboveSmall(double a, double x);
DAMO_SPECIAL double special_mostlyBelow(double x);
DAMO_SPECIAL double special_gammainc(double a, double x);
DAMO_SPECIAL double special_gammaincc(double a, double x);
DAMO_SPECIAL double special_betaFactor(double a, double b, double x, double y);
DAMO_SPECIAL double special_betaFactorOrdered(
  double a,
  double b,
  double x,
  double y
);
DAMO_SPECIAL double special_betaFraction(
  double a,
  double b,
  double x,
  double y
);
DAMO_SPECIAL double special_betaBelow(
  double a,
  double b,
  double x,
  double y
);
DAMO_SPECIAL double special_betainc(double a, double b, double x);
DAMO_SPECIAL double special_logGammaFactor(double a, double x, double u);
DAMO_SPECIAL double special_logRatio(double part, double wanted);
DAMO_SPECIAL double special_gammaBelowInverse(double a, double p);
DAMO_SPECIAL double special_gammaAboveInverse(double a, double q);
DAMO_SPECIAL double special_gammaincinv(double a, double p);
DAMO_SPECIAL double special_gammainccinv(double a, double q);
DAMO_SPECIAL double special_betaBelowInverse(
  double a,
  double b,
  double p,
  double above
);
DAMO_SPECIAL double special_betaincinv(double a, double b, double p);

/* log Γ(2 + t) / ((1 + t) t). */
static const double LGAMMA_NEAR[] = {
  0.44148902545501423,
  -0.11119580321752523,
  0.01951044826068884,
  -0.003922461463025264,
  0.0008478989895953857,
  -0.00019153855341365593,
  4.454470184975607e-05,
  -1.05728743735943e-05,
  2.5474336873408417e-06,
  -6.208535880776316e-07,
  1.5268677399071546e-07,
  -3.782637660291326e-08,
  9.428100823624284e-09,
  -2.361999702184645e-09,
  5.943541905817546e-10,
  -1.501312977072867e-10,
  3.8050196458110534e-11,
  -9.672485299656325e-12,
  2.465348198355661e-12,
  -6.298868140791711e-13,
  1.6128460030283787e-13,
  -4.137949206814042e-14,
  1.0635701227757898e-14,
  -2.7382420786652826e-15,
  7.060670507214892e-16,
  -1.8232177141662118e-16,
  4.714169006756272e-17,
  -1.2204107319639856e-17,
  3.1630451661790255e-18,
};

/* log Γ(5.5 + 2.5 t). */
static const double LGAMMA_MIDDLE[] = {
  4.279739698099203,
  3.9450988185126756,
  0.3255673375009746,
  -0.02848320523568185,
  0.003740682549409767,
  -0.0005886069713650613,
  0.00010265809795118672,
  -1.9129016841133593e-05,
  3.7315170321594507e-06,
  -7.525998542829356e-07,
  1.5566278944797453e-07,
  -3.2832563128974686e-08,
  7.033547324878824e-09,
  -1.525815040231788e-09,
  3.344335790568014e-10,
  -7.393395016155016e-11,
  1.6463103136120872e-11,
  -3.688430041158149e-12,
  8.307171015937658e-13,
  -1.879474919245369e-13,
  4.269103126144874e-14,
  -9.730649087368384e-15,
  2.2247181227259754e-15,
  -5.100198379803953e-16,
  1.1720647553021896e-16,
};

/* Γ(2.5 + t / 2). */
static const double GAMMA[] = {
  1.4137822420244524,
  0.49172848008900727,
  0.08532454170609606,
  0.008214558154673682,
  0.0008879278094690782,
  5.6765679151886106e-05,
  5.264076190531452e-06,
  1.9612784848738765e-07,
  2.425465919964936e-08,
  -4.340584399846537e-11,
  1.2813542241531117e-10,
  -7.185158744735293e-12,
  9.878862168080628e-13,
  -8.935248942385424e-14,
  9.472673359391568e-15,
  -9.426686010233666e-16,
  9.59100989075118e-17,
};

/* ψ(x) / (x - its root), x = 1.5 + t / 2. */
static const double DIGAMMA[] = {
  0.983570260441567,
  -0.2270640863346444,
  0.03336889902393011,
  -0.005320077271596548,
  0.0008788656937820505,
  -0.00014773492650606044,
  2.5060543468359146e-05,
  -4.2721034029993324e-06,
  7.302769272465923e-07,
  -1.2502886813559594e-07,
  2.1425009322359472e-08,
  -3.673295918565179e-09,
  6.299717236108931e-10,
  -1.080593028883266e-10,
  1.853735192053638e-11,
  -3.18023536582553e-12,
  5.456147570322795e-13,
  -9.360993131036438e-14,
  1.606064636295075e-14,
  -2.7555431377438815e-15,
  4.727736178601912e-16,
  -8.11148420346509e-17,
  1.391707769474154e-17,
};

/* (1 + 2 x) e^x² erfc x, x = 3.75 (1 + t) / (1 - t). */
static const double ERFCX[] = {
  1.1775789345674017,
  -0.004590054580646478,
  -0.08424913336651792,
  0.05920993999819189,
  -0.026658668435305753,
  0.009074997670705265,
  -0.002413163540417608,
  0.0004907758365258086,
  -6.916973302501207e-05,
  4.13902798607301e-06,
  7.74038306619849e-07,
  -2.1886401049234397e-07,
  1.076499946567091e-08,
  4.521959811218287e-09,
  -7.754400208831351e-10,
  -6.318088340886684e-11,
  2.86879501093067e-11,
  1.9455868545777347e-13,
  -9.65469674843344e-13,
  3.25254814814874e-14,
  3.3478119482868056e-14,
  -1.864562880419313e-15,
  -1.2507950530688648e-15,
  7.418235256624044e-17,
  5.068148904796111e-17,
};

/* special_erfinv(x) / x, x² = (1 + t) / 8. */
static const double ERFINV[] = {
  0.9187256117350144,
  0.03375857560006542,
  0.0013206742781165998,
  6.404076996787596e-05,
  3.441212150449627e-06,
  1.9639319431763806e-07,
  1.1660992270753084e-08,
  7.120387036722737e-10,
  4.4393783156625655e-11,
  2.8127938621948305e-12,
  1.8051946908097276e-13,
  1.1707093852711806e-14,
  7.658493022440133e-16,
  5.046812059932414e-17,
};

/* special_erfcinv(e^-s²) / s to 2^-20, for the inverse of s from 1 / 27.4 to 1 / √log 2. */
static const double ERFCINV[] = {
  0.7870971644210252,
  -0.22183603060860235,
  0.0010784019638831672,
  0.008838574154188848,
  -0.002843202820588948,
  0.0006451620575557625,
  -0.0001623601549756754,
  5.929770411860283e-05,
  -2.659109997583764e-05,
  1.2412044923915956e-05,
  -5.914750478644655e-06,
  2.9124706848741664e-06,
  -1.4847508648614207e-06,
};

/* √x e^-x I0(x), x = 16 / (1 + t). */
static const double I0[] = {
  0.4022452055070544,
  0.0033691164782556943,
  6.889758346916825e-05,
  2.8913705208347567e-06,
  2.0489185894690638e-07,
  2.266668990498178e-08,
  3.3962320257083865e-09,
  4.94060238822497e-10,
  1.1889147107846439e-11,
  -3.1499165279632416e-11,
  -1.3215811840447713e-11,
  -1.7941785315068062e-12,
  7.180124451383666e-13,
  3.8527783827421426e-13,
  1.54008621752141e-14,
  -4.150569347287222e-14,
  -9.554846698828307e-15,
  3.8116806693526224e-15,
  1.7725601330565263e-15,
  -3.425485619677219e-16,
  -2.8276239805165836e-16,
  3.461222867697461e-17,
  4.46562142029676e-17,
  -4.830504485944182e-18,
  -7.233180487874754e-18,
};

/* √x e^-x I1(x), x = 16 / (1 + t). */
static const double I1[] = {
  0.38928811750914005,
  -0.009761097491361469,
  -0.00011058893876262371,
  -3.882564808877691e-06,
  -2.512236237870209e-07,
  -2.6314688468895196e-08,
  -3.835380385964237e-09,
  -5.589743462196584e-10,
  -1.8974958123505413e-11,
  3.2526035830154884e-11,
  1.4125807436613782e-11,
  2.0356285441470896e-12,
  -7.198551776245908e-13,
  -4.0835511110921974e-13,
  -2.1015418427726643e-14,
  4.272440016711951e-14,
  1.0420276984128802e-14,
  -3.8144030724370075e-15,
  -1.8803547755107825e-15,
  3.3082023109209285e-16,
  2.96262899764595e-16,
  -3.209525921993424e-17,
  -4.650305368489358e-17,
  4.414348323071708e-18,
  7.517296310842104e-18,
};

/* J0(x), x² = 32 (1 + t). */
static const double J0[] = {
  0.15772797147489012,
  -0.008723442352852221,
  0.2651786132033368,
  -0.37009499387264977,
  0.15806710233209725,
  -0.034893769411408884,
  0.004819180069467605,
  -0.00046062616620627504,
  3.246032882100508e-05,
  -1.7619469077621507e-06,
  7.608163592418782e-08,
  -2.679253530557673e-09,
  7.848696314479465e-11,
  -1.9438346867370164e-12,
  4.125320595634374e-14,
  -7.588508125447546e-16,
  1.2218515873961411e-17,
};

/* J1(x) / x, x² = 32 (1 + t). */
static const double J1[] = {
  0.08104484632565812,
  -0.1489751450676521,
  0.1609992623572097,
  -0.08268049176681791,
  0.022213639654966037,
  -0.003646940600769276,
  0.0004050337728354822,
  -3.255554866857259e-05,
  1.9858774049915165e-06,
  -9.521984756750436e-08,
  3.687133759097148e-09,
  -1.178026622695885e-10,
  3.160154580348003e-12,
  -7.221755239651773e-14,
  1.4232144003513942e-15,
  -2.4441972916190464e-17,
};

/* P of J0 beyond 8, (8 / x)² = (1 + t) / 2. */
static const double P0[] = {
  0.9994603493475187,
  -0.0005365220468132117,
  3.0751847875194745e-06,
  -5.1705945376060975e-08,
  1.6306464635151382e-09,
  -7.86409137723707e-11,
  5.168262387349193e-12,
  -4.3045788699253914e-13,
  4.3265957431549404e-14,
  -5.069034095935236e-15,
  6.748072215733872e-16,
  -1.0011513723467746e-16,
  1.6305919233743123e-17,
};

/* x / 8 times Q of J0. */
static const double Q0[] = {
  -0.015555854605337009,
  6.838519942611649e-05,
  -7.414498411060647e-07,
  1.7972457247968992e-08,
  -7.27191593686632e-10,
  4.2201219046687385e-11,
  -3.206747420996635e-12,
  3.006145125351706e-13,
  -3.336328185322427e-14,
  4.255225040245461e-15,
  -6.099930131640047e-16,
  9.662128970303175e-17,
  -1.6686065214376035e-17,
  3.1082440486682303e-18,
  -6.191115787208355e-19,
  1.3091448713140766e-19,
};

/* P of J1. */
static const double P1[] = {
  1.0009030408600137,
  0.0008989898330859408,
  -3.987284300488908e-06,
  6.177633960644299e-08,
  -1.8718907491063067e-09,
  8.816898659582339e-11,
  -5.704863640395645e-12,
  4.699195515230542e-13,
  -4.6842237839904895e-14,
  5.452674896044717e-15,
  -7.221180842274016e-16,
  1.0667689114335372e-16,
  -1.731231321611524e-17,
};

/* x / 8 times Q of J1. */
static const double Q1[] = {
  0.04677778706953532,
  -9.62772354915708e-05,
  9.138615257955454e-07,
  -2.0959781384083424e-08,
  8.229193327650554e-10,
  -4.686363688176945e-11,
  3.5152187949686082e-12,
  -3.2643156743279e-13,
  3.5967765829165294e-14,
  -4.5612523950772974e-15,
  6.508282957783381e-16,
  -1.026914753182316e-16,
  1.7676355487762615e-17,
  -3.2834519872924017e-18,
  6.524081149434688e-19,
};

/* The sum of c_k T_k(t): Clenshaw, MTAC 9 (1955). */
DAMO_SPECIAL double special_chebyshev(double t, const double *c, double n) {
  double above = 0, next = 0;
  for (int k = n - 1; k > 0; k--) {
    double here = 2 * t * above - next + c[k];
    next = above;
    above = here;
  }
  return t * above - next + c[0];
}

/* sin(πx): zero exactly at whole numbers. */
DAMO_SPECIAL double special_sinPi(double x) {
  double r = x - 2 * floor_f64(0.5 * x + 0.5);
  double near = r > 0.5 ? 1 - r : r < -0.5 ? -1 - r : r;
  return sin_f64(3.141592653589793 * near);
}

/* cos(πx). */
DAMO_SPECIAL double special_cosPi(double x) {
  double r = abs_f64(x - 2 * floor_f64(0.5 * x + 0.5));
  return sin_f64(3.141592653589793 * (0.5 - r));
}

/* log Γ(x) less its leading part for x from 8 on: Stirling's series, DLMF 5.11.1. */
DAMO_SPECIAL double special_stirling(double x) {
  double u = 1 / x, w = u * u;
  double sum = -0.029550653594771242;
  sum = sum * w + 0.00641025641025641;
  sum = sum * w - 0.0019175269175269176;
  sum = sum * w + 0.0008417508417508417;
  sum = sum * w - 0.0005952380952380953;
  sum = sum * w + 0.0007936507936507937;
  sum = sum * w - 0.002777777777777778;
  sum = sum * w + 0.08333333333333333;
  return sum * u;
}

/* log Γ(x) for x > 0. */
DAMO_SPECIAL double special_gammalnPositive(double x) {
  if (x < 1) {
    return (x - 1) * x * special_chebyshev(x - 1, LGAMMA_NEAR, (int)(sizeof LGAMMA_NEAR / sizeof *LGAMMA_NEAR)) -
      log_f64(x);
  }
  if (x < 3) {
    return (x - 1) * (x - 2) *
      special_chebyshev(x - 2, LGAMMA_NEAR, (int)(sizeof LGAMMA_NEAR / sizeof *LGAMMA_NEAR));
  }
  if (x < 8) {
    return special_chebyshev((x - 5.5) * 0.4, LGAMMA_MIDDLE, (int)(sizeof LGAMMA_MIDDLE / sizeof *LGAMMA_MIDDLE));
  }
  return (x - 0.5) * (log_f64(x) - 1) + 0.4189385332046727 + special_stirling(x);
}

/* log |Γ(x)|; infinite at 0 and negative whole numbers. Below 0 by reflection, DLMF 5.5.3. */
DAMO_SPECIAL double special_gammaln(double x) {
  if (x > 0) return special_gammalnPositive(x);
  if (x == floor_f64(x)) return DAMO_INF_F64;
  return -log_f64(abs_f64(special_sinPi(x)) / 3.141592653589793) - special_gammalnPositive(1 - x);
}

/* log Γ(a + 1) for a > 0: a keeps its digits where it is small. */
DAMO_SPECIAL double special_gammaln1p(double a) {
  if (a < 1) {
    return a * (a - 1) * special_chebyshev(a - 1, LGAMMA_NEAR, (int)(sizeof LGAMMA_NEAR / sizeof *LGAMMA_NEAR));
  }
  return special_gammalnPositive(a + 1);
}

/* log(1 + x) - x for a y = 1 + x > 0; it vanishes at x = 0 as -x² / 2 does: the series of artanh(x / (2 + x)), DLMF 4.6.4. */
DAMO_SPECIAL double special_logLess(double x, double y) {
  if (!(abs_f64(x) < 0.4)) return log_f64(y) - x;
  double r = x / (2 + x), square = r * r;
  double power = 1, sum = 0;
  for (int k = 3; k < 60; k += 2) {
    double term = power / k;
    sum += term;
    power *= square;
    if (term < 1e-18) break;
  }
  return r * (2 * square * sum - x);
}

/* log |Γ(a) Γ(b) / Γ(a + b)|. Large positive ones by Stirling, so that logarithms of Γ do not cancel. */
DAMO_SPECIAL double special_betaln(double a, double b) {
  if (!(a > 0 && b > 0)) return special_gammaln(a) + special_gammaln(b) - special_gammaln(a + b);
  double small = a < b ? a : b, large = a < b ? b : a, sum = a + b;
  if (large == DAMO_INF_F64) return -DAMO_INF_F64;
  if (large < 8) {
    return special_gammalnPositive(small) + log_f64(special_gamma(large) / special_gamma(sum));
  }
  double rest = special_stirling(large) - special_stirling(sum), part = small / large;
  if (small < 8) {
    return special_gammalnPositive(small) + rest - large * special_logLess(part, 1 + part) +
      0.5 * log1p_f64(part) - small * log_f64(sum);
  }
  return 0.9189385332046727 + special_stirling(small) + rest +
    (small - 0.5) * log_f64(small / sum) - large * log1p_f64(part) -
    0.5 * log_f64(large);
}

/* Γ(x) for x > 0: from the interval [2, 3] by x Γ(x) = Γ(x + 1), from 10 on by Stirling. */
DAMO_SPECIAL double special_gammaPositive(double x) {
  if (x > 172) return DAMO_INF_F64;
  if (x >= 10) {
    double root = pow_f64(x, 0.5 * x - 0.25);
    return 2.5066282746310007 * root * exp_f64(-x) * root *
      exp_f64(special_stirling(x));
  }
  double up = 1, down = 1, y = x;
  while (y >= 3) {
    y -= 1;
    up *= y;
  }
  while (y < 2) {
    down *= y;
    y += 1;
  }
  return up * special_chebyshev(2 * y - 5, GAMMA, (int)(sizeof GAMMA / sizeof *GAMMA)) / down;
}

/* Γ(x); DAMO_NAN_F64 at negative whole numbers, infinite at 0. */
DAMO_SPECIAL double special_gamma(double x) {
  if (x > 0) return special_gammaPositive(x);
  if (x == 0) return 1 / x;
  if (x == floor_f64(x)) return DAMO_NAN_F64;
  return -3.141592653589793 / (x * special_sinPi(x) * special_gammaPositive(-x));
}

/* Γ(a) Γ(b) / Γ(a + b), for positive a and b; else by logarithms, without its sign. */
DAMO_SPECIAL double special_beta(double a, double b) {
  double large = a < b ? b : a, small = a < b ? a : b;
  return small > 1e-300 && large < 8
    ? special_gamma(small) * (special_gamma(large) / special_gamma(a + b))
    : exp_f64(special_betaln(a, b));
}

/* The derivative of log Γ for x > 0: DLMF 5.5.2 and 5.11.2; near its root by the distance from it. */
DAMO_SPECIAL double special_digammaPositive(double x) {
  if (x < 1) return special_digammaNear(x + 1) - 1 / x;
  if (x <= 2) return special_digammaNear(x);
  double sum = 0, y = x;
  while (y < 10) {
    sum += 1 / y;
    y += 1;
  }
  double w = 1 / (y * y);
  double tail = 0.08333333333333333;
  tail = tail * w - 0.021092796092796094;
  tail = tail * w + 0.007575757575757576;
  tail = tail * w - 0.004166666666666667;
  tail = tail * w + 0.003968253968253968;
  tail = tail * w - 0.008333333333333333;
  tail = tail * w + 0.08333333333333333;
  return log_f64(y) - 0.5 / y - tail * w - sum;
}

DAMO_SPECIAL double special_digammaNear(double x) {
  return (x - 1.4616321449683622 - 9.549995429965697e-17) *
    special_chebyshev(2 * x - 3, DIGAMMA, (int)(sizeof DIGAMMA / sizeof *DIGAMMA));
}

/* The derivative of log |Γ|; DAMO_NAN_F64 at negative whole numbers, infinite at 0. */
DAMO_SPECIAL double special_digamma(double x) {
  if (x > 0) return special_digammaPositive(x);
  if (x == 0) return -1 / x;
  if (x == floor_f64(x)) return DAMO_NAN_F64;
  return special_digammaPositive(1 - x) - 3.141592653589793 * special_cosPi(x) / special_sinPi(x);
}

/* The sum of (x + k)^-s over k from 0 on, for s > 1 and x > 0: Euler and Maclaurin, DLMF 25.11.5 and 2.10.1. */
DAMO_SPECIAL double special_hurwitz(double s, double x) {
  double sum = 0, y = x;
  while (y < 10 + s) {
    double term = pow_f64(y, -s);
    sum += term;
    y += 1;
    if (term < 1e-18 * sum) return sum;
  }
  double w = 1 / (y * y), power = pow_f64(y, -s);
  // The coefficients are B_2k / (2k)!.
  double term = power / y * s, tail = 0.08333333333333333 * term;
  term *= (s + 1) * (s + 2) * w;
  tail -= 0.001388888888888889 * term;
  term *= (s + 3) * (s + 4) * w;
  tail += 3.306878306878307e-5 * term;
  term *= (s + 5) * (s + 6) * w;
  tail -= 8.267195767195768e-7 * term;
  term *= (s + 7) * (s + 8) * w;
  tail += 2.08767569878681e-8 * term;
  term *= (s + 9) * (s + 10) * w;
  tail -= 5.284190138687493e-10 * term;
  term *= (s + 11) * (s + 12) * w;
  tail += 1.3382536530684679e-11 * term;
  return sum + (power * y / (s - 1) + 0.5 * power + tail);
}

/* The second derivative of log |Γ|; infinite at 0 and negative whole numbers. */
DAMO_SPECIAL double special_trigamma(double x) {
  if (x > 0) return special_hurwitz(2, x);
  if (x == floor_f64(x)) return DAMO_INF_F64;
  double sine = special_sinPi(x);
  return 3.141592653589793 * 3.141592653589793 / (sine * sine) - special_hurwitz(2, 1 - x);
}

/* The derivative of order n + 1 of log Γ: DLMF 5.15.2. DAMO_NAN_F64 for an n that is no whole number, and for x < 0 from n = 2 on. */
DAMO_SPECIAL double special_polygamma(double n, double x) {
  if (n != floor_f64(n) || n < 0) return DAMO_NAN_F64;
  if (n == 0) return special_digamma(x);
  if (n == 1) return special_trigamma(x);
  if (!(x > 0)) return x == 0 ? DAMO_INF_F64 : DAMO_NAN_F64;
  double size = special_gammaPositive(n + 1) * special_hurwitz(n + 1, x);
  return n == 2 * floor_f64(0.5 * n) ? -size : size;
}

/* e^x² for |x| < 27: the square is taken apart, since its rounding counts. */
DAMO_SPECIAL double special_expSquare(double x) {
  double head = (double)(float)(x);
  return exp_f64(head * head) * exp_f64((x - head) * (x + head));
}

/* e^x² erfc x for x ≥ 0: Shepherd and Laframboise, Mathematics of Computation 36 (1981). */
DAMO_SPECIAL double special_erfcxPositive(double x) {
  if (x > 1e8) return 0.5641895835477563 / x;
  return special_chebyshev((x - 3.75) / (x + 3.75), ERFCX, (int)(sizeof ERFCX / sizeof *ERFCX)) / (1 + 2 * x);
}

/* e^x² erfc x. */
DAMO_SPECIAL double special_erfcx(double x) {
  if (x >= 0) return special_erfcxPositive(x);
  if (x < -26.7) return DAMO_INF_F64;
  return 2 * special_expSquare(x) - special_erfcxPositive(-x);
}

DAMO_SPECIAL double special_erfinvNear(double x) {
  return x * special_chebyshev(8 * x * x - 1, ERFINV, (int)(sizeof ERFINV / sizeof *ERFINV));
}

/* The x of which erfc x is y, for y from 0 to 1: two steps of Newton on log erfc. */
DAMO_SPECIAL double special_erfcinvPositive(double y) {
  if (y == 0) return DAMO_INF_F64;
  if (y > 0.5) return special_erfinvNear(1 - y);
  double square = -log_f64(y), s = sqrt_f64(square);
  double x = s *
    special_chebyshev(
      1.7172894128015346 / s - 1.0626747960876473,
      ERFCINV,
      (int)(sizeof ERFCINV / sizeof *ERFCINV)
    );
  for (int k = 0; k < 2; k++) {
    double e = special_erfcxPositive(x);
    x += (log_f64(e) + (s - x) * (s + x)) * e * 0.886226925452758;
  }
  return x;
}

/* The inverse of erfc; DAMO_NAN_F64 outside [0, 2]. */
DAMO_SPECIAL double special_erfcinv(double y) {
  if (!(y >= 0 && y <= 2)) return DAMO_NAN_F64;
  return y <= 1 ? special_erfcinvPositive(y) : -special_erfcinvPositive(2 - y);
}

/* The inverse of erf; DAMO_NAN_F64 outside [-1, 1]. */
DAMO_SPECIAL double special_erfinv(double x) {
  if (!(abs_f64(x) <= 1)) return DAMO_NAN_F64;
  if (abs_f64(x) < 0.5) return special_erfinvNear(x);
  return x > 0 ? special_erfcinvPositive(1 - x) : -special_erfcinvPositive(1 + x);
}

/* The sum of q^k / (k! (v + 1) … (v + k)) over k from 0 on. */
DAMO_SPECIAL double special_besselSeries(double v, double q) {
  double term = 1, sum = 1;
  for (int k = 1; k < 5000; k++) {
    term *= q / (k * (v + k));
    sum += term;
    if (abs_f64(term) < 1e-17 * abs_f64(sum) && k + v > 0) break;
  }
  return sum;
}

/* The modified Bessel function of order 0: DLMF 10.25.2, beyond 8 by a fit. */
DAMO_SPECIAL double special_i0(double x) {
  double y = abs_f64(x);
  if (y <= 8) return special_besselSeries(0, 0.25 * y * y);
  if (y > 714) return DAMO_INF_F64;
  double e = exp_f64(0.5 * y);
  return e * (special_chebyshev(16 / y - 1, I0, (int)(sizeof I0 / sizeof *I0)) / sqrt_f64(y)) * e;
}

/* The modified Bessel function of order 1. */
DAMO_SPECIAL double special_i1(double x) {
  double y = abs_f64(x);
  if (y <= 8) return 0.5 * x * special_besselSeries(1, 0.25 * y * y);
  if (y > 714) return x > 0 ? DAMO_INF_F64 : -DAMO_INF_F64;
  double e = exp_f64(0.5 * y),
    size = e * (special_chebyshev(16 / y - 1, I1, (int)(sizeof I1 / sizeof *I1)) / sqrt_f64(y)) * e;
  return x > 0 ? size : -size;
}

/* The Bessel function of order 0: the series to 2, a fit to 8, then P and Q of DLMF 10.17.3. */
DAMO_SPECIAL double special_j0(double x) {
  double y = abs_f64(x);
  if (y < 2) return special_besselSeries(0, -0.25 * y * y);
  if (y <= 8) return special_chebyshev(y * y * 0.03125 - 1, J0, (int)(sizeof J0 / sizeof *J0));
  if (y == DAMO_INF_F64) return 0;
  double z = 8 / y, t = 2 * z * z - 1, c = cos_f64(y), s = sin_f64(y);
  double p = special_chebyshev(t, P0, (int)(sizeof P0 / sizeof *P0)), q = z * special_chebyshev(t, Q0, (int)(sizeof Q0 / sizeof *Q0));
  return (p * (c + s) - q * (s - c)) / sqrt_f64(3.141592653589793 * y);
}

/* The Bessel function of order 1. */
DAMO_SPECIAL double special_j1(double x) {
  double y = abs_f64(x);
  if (y <= 8) return x * special_chebyshev(y * y * 0.03125 - 1, J1, (int)(sizeof J1 / sizeof *J1));
  if (y == DAMO_INF_F64) return 0;
  double z = 8 / y, t = 2 * z * z - 1, c = cos_f64(y), s = sin_f64(y);
  double p = special_chebyshev(t, P1, (int)(sizeof P1 / sizeof *P1)), q = z * special_chebyshev(t, Q1, (int)(sizeof Q1 / sizeof *Q1));
  double size = (p * (s - c) + q * (s + c)) / sqrt_f64(3.141592653589793 * y);
  return x > 0 ? size : -size;
}

/* (x / 2)^v / Γ(v + 1), where a power of x comes before a series. */
DAMO_SPECIAL double special_besselFactor(double v, double x) {
  return v < 100
    ? pow_f64(0.5 * x, v) / special_gamma(v + 1)
    : exp_f64(v * log_f64(0.5 * x) - special_gammaln(v + 1));
}

/* The modified Bessel function of order v ≥ 0, or of an order that is no whole number, for x > 0: DLMF 10.25.2 and 10.40.1. */
DAMO_SPECIAL double special_ivPositive(double v, double x) {
  if (x < 25 || x < 0.5 * v * v) {
    return special_besselFactor(v, x) * special_besselSeries(v, 0.25 * x * x);
  }
  if (x > 714) return DAMO_INF_F64;
  double term = 1, sum = 1;
  for (int k = 1; k < 100; k++) {
    term *= ((2 * k - 1) * (2 * k - 1) - 4 * v * v) / (8 * k * x);
    sum += term;
    if (abs_f64(term) < 1e-17 * abs_f64(sum)) break;
  }
  double e = exp_f64(0.5 * x);
  return e * (sum / sqrt_f64(2 * 3.141592653589793 * x)) * e;
}

/* The modified Bessel function of real order; DAMO_NAN_F64 for x < 0 unless the order is whole. */
DAMO_SPECIAL double special_iv(double v, double x) {
  if (v != v || x != x) return DAMO_NAN_F64;
  double whole = v == floor_f64(v), order = whole ? abs_f64(v) : v;
  if (x == 0) return order == 0 ? 1 : order > 0 ? 0 : DAMO_INF_F64;
  if (x > 0) return special_ivPositive(order, x);
  if (!whole) return DAMO_NAN_F64;
  double size = special_ivPositive(order, -x);
  return order == 2 * floor_f64(0.5 * order) ? size : -size;
}

/* The expansion of J_v far beyond the order: DLMF 10.17.3. */
DAMO_SPECIAL double special_jvFar(double v, double x) {
  double term = 1, p = 1, q = 0;
  for (int k = 1; k < 100; k++) {
    term *= (4 * v * v - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    // Signs go + + - -, p and q in turn.
    double turn = k % 4;
    if (turn == 1) q += term;
    else if (turn == 2) p -= term;
    else if (turn == 3) q -= term;
    else p += term;
    if (abs_f64(term) < 1e-17) break;
  }
  double phase = 0.5 * v + 0.25, c = special_cosPi(phase), s = special_sinPi(phase);
  double sine = sin_f64(x), cosine = cos_f64(x);
  return sqrt_f64(2 / (3.141592653589793 * x)) *
    (p * (cosine * c + sine * s) - q * (sine * c - cosine * s));
}

/* J_v between: Miller's algorithm, downwards from far above order and argument, normalised by DLMF 10.23.15. */
DAMO_SPECIAL double special_jvBetween(double v, double x) {
  double n = floor_f64(v), part = v - n;
  double top = 2 *
    ceil_f64(
      0.5 * (x > n ? x : n) + 20 + 0.5 * sqrt_f64(40 * (x > n ? x : n))
    );
  // Orders of thousands would take millions of steps.
  if (top > 1e6) return DAMO_NAN_F64;
  double above = 0, here = 1e-250, weight = 1, sum = 0, found = 0;
  for (int k = top; k > n || k > 0; k--) {
    // `here` is of order part + k, and `weight` in proportion to Γ(part + k / 2) / (k / 2)!.
    if (k > 0 && k % 2 == 0) {
      sum += (part + k) * weight * here;
      if (k > 2) weight *= 0.5 * k / (part + 0.5 * k - 1);
    }
    if (k == n) found = here;
    double below = 2 * (part + k) / x * here - above;
    above = here;
    here = below;
    if (k == 1) {
      // Of order part: the weights so far become what they should be.
      sum = special_gamma(part + 1) * (sum / weight + here);
    }
    if (abs_f64(here) > 1e250) {
      above *= 1e-250;
      here *= 1e-250;
      sum *= 1e-250;
      found *= 1e-250;
    }
  }
  if (n <= 0) found = here;
  return found / sum * pow_f64(0.5 * x, part);
}

DAMO_SPECIAL double special_jvPositive(double v, double x) {
  if (x == DAMO_INF_F64) return 0;
  if (0.25 * x * x <= abs_f64(v) + 1) {
    return special_besselFactor(v, x) * special_besselSeries(v, -0.25 * x * x);
  }
  return x > 25 && x > 0.5 * v * v ? special_jvFar(v, x) : special_jvBetween(v, x);
}

/* The Bessel function of real order; DAMO_NAN_F64 for x < 0 unless the order is whole, and where both exceed a million. */
DAMO_SPECIAL double special_jv(double v, double x) {
  if (v != v || x != x) return DAMO_NAN_F64;
  double whole = v == floor_f64(v), order = whole ? abs_f64(v) : v;
  if (x == 0) return order == 0 ? 1 : order > 0 ? 0 : DAMO_INF_F64;
  if (x < 0 && !whole) return DAMO_NAN_F64;
  double size = special_jvPositive(order, abs_f64(x)),
    odd = whole && order != 2 * floor_f64(0.5 * order);
  return odd && (x < 0) != (v < 0) ? -size : size;
}

/* x^a e^-x / Γ(a + 1): from 20 on by Stirling, DLMF 5.11.1, around x = a. */
DAMO_SPECIAL double special_gammaFactor(double a, double x) {
  if (a < 20) {
    return x > 800 ? 0 : pow_f64(x, a) * exp_f64(-x) / special_gamma(a + 1);
  }
  return exp_f64(a * special_logLess((x - a) / a, x / a) - special_stirling(a)) /
    sqrt_f64(2 * 3.141592653589793 * a);
}

/* The sum of x^k / ((a + 1) … (a + k)): DLMF 8.11.4. */
DAMO_SPECIAL double special_gammaSeries(double a, double x) {
  double term = 1, sum = 1;
  for (int k = 1; k < 100000; k++) {
    term *= x / (a + k);
    sum += term;
    if (term < 1e-17 * sum) break;
  }
  return sum;
}

/* The continued fraction of Γ(a, x) e^x x^-a, DLMF 8.9.2, from the front: Lentz, Applied Optics 15 (1976). */
DAMO_SPECIAL double special_gammaFraction(double a, double x) {
  double b = x + 1 - a, c = 1e300, d = 1 / b, product = d;
  for (int k = 1; k < 100000; k++) {
    double numerator = k * (a - k);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    product *= c * d;
    if (abs_f64(c * d - 1) < 1e-16) break;
  }
  return product;
}

/* The part of Γ(a) above x for a and x of at most about 1, where it is small beside 1: DLMF 8.7.3. */
DAMO_SPECIAL double special_gammaAboveSmall(double a, double x) {
  double power = 1, sum = 0;
  for (int k = 1; k < 1000; k++) {
    power *= -x / k;
    double term = power / (a + k);
    sum += term;
    if (abs_f64(term) <= 1e-17 * abs_f64(sum)) break;
  }
  double log = a * log_f64(x) - special_gammaln1p(a);
  return -expm1_f64(log) - a * exp_f64(log) * sum;
}

/* The a below which the part above x is the smaller one, though x is below a + 1. */
DAMO_SPECIAL double special_mostlyBelow(double x) {
  return x < 0.5 ? -0.4 / log_f64(x) : x < 1.1 ? 1.1 * x : 0;
}

/* The part of Γ(a) below x, of the whole: DLMF 8.2.4. DAMO_NAN_F64 for negative a or x. */
DAMO_SPECIAL double special_gammainc(double a, double x) {
  if (!(a >= 0 && x >= 0)) return DAMO_NAN_F64;
  if (x == 0) return a > 0 ? 0 : DAMO_NAN_F64;
  if (a == 0 || x == DAMO_INF_F64) return 1;
  if (x < a + 1) return special_gammaFactor(a, x) * special_gammaSeries(a, x);
  return 1 - special_gammaFactor(a, x) * a * special_gammaFraction(a, x);
}

/* The part of Γ(a) above x, of the whole. */
DAMO_SPECIAL double special_gammaincc(double a, double x) {
  if (!(a >= 0 && x >= 0)) return DAMO_NAN_F64;
  if (x == 0) return a > 0 ? 1 : DAMO_NAN_F64;
  if (a == 0 || x == DAMO_INF_F64) return 0;
  if (a < special_mostlyBelow(x)) return special_gammaAboveSmall(a, x);
  if (x < a + 1) return 1 - special_gammaFactor(a, x) * special_gammaSeries(a, x);
  return special_gammaFactor(a, x) * a * special_gammaFraction(a, x);
}

/* x^a y^b / B(a, b) for y = 1 - x: large arguments by Stirling, around x = a / (a + b). */
DAMO_SPECIAL double special_betaFactor(double a, double b, double x, double y) {
  if (a < b) return special_betaFactorOrdered(a, b, x, y);
  return special_betaFactorOrdered(b, a, y, x);
}

DAMO_SPECIAL double special_betaFactorOrdered(
  double a,
  double b,
  double x,
  double y
) {
  if (b < 8) {
    return pow_f64(x, a) * pow_f64(y, b) *
      (special_gamma(a + b) / special_gamma(a) / special_gamma(b));
  }
  double sum = a + b, off = a * y - b * x;
  if (a < 8) {
    return pow_f64(x * sum, a) * exp_f64(-x * sum) / special_gamma(a) *
      exp_f64(
        b * special_logLess(off / b, y * (sum / b)) + special_stirling(sum) - special_stirling(b)
      ) /
      sqrt_f64(1 + a / b);
  }
  return sqrt_f64(a / sum * b / (2 * 3.141592653589793)) *
    exp_f64(
      a * special_logLess(-off / a, x * (sum / a)) +
        b * special_logLess(off / b, y * (sum / b)) +
        (special_stirling(sum) - special_stirling(a) - special_stirling(b))
    );
}

/* What the part below x is beside x^a y^b / B(a, b): the fraction of Didonato and Morris, ACM TOMS 18 (1992), (9.1), which adds no numbers of opposite signs for x up to a / (a + b). */
DAMO_SPECIAL double special_betaFraction(
  double a,
  double b,
  double x,
  double y
) {
  double off = a * y - b * x + 1;
  double c = a * off / (a + 1), d = 0, product = c;
  for (int k = 1; k < 10000; k++) {
    double middle = a + 2 * k - 1, r = x / middle;
    double over = (a + k - 1) * (a + b + k - 1) * r * (k * (b - k) * r);
    double under = k + k * (b - k) * r +
      (a + k) * (off + k * (1 + y)) / (middle + 2);
    d = 1 / (over * d + under);
    c = under + over / c;
    product *= c * d;
    if (abs_f64(c * d - 1) < 1e-16) break;
  }
  return 1 / product;
}

/* The part of B(a, b) below x, of the whole, for y = 1 - x. */
DAMO_SPECIAL double special_betaBelow(
  double a,
  double b,
  double x,
  double y
) {
  double factor = special_betaFactor(a, b, x, y);
  if (x < (a + 1) / (a + b + 2)) return factor * special_betaFraction(a, b, x, y);
  return 1 - factor * special_betaFraction(b, a, y, x);
}

/* The regularised incomplete beta function; DAMO_NAN_F64 unless a and b are positive and x is from 0 to 1. */
DAMO_SPECIAL double special_betainc(double a, double b, double x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return DAMO_NAN_F64;
  if (x == 0 || x == 1) return x;
  return special_betaBelow(a, b, x, 1 - x);
}

/* log(x^a e^-x / Γ(a + 1)), for x = e^u. */
DAMO_SPECIAL double special_logGammaFactor(double a, double x, double u) {
  if (a < 20) return a * u - x - special_gammaln1p(a);
  return a * special_logLess((x - a) / a, x / a) - special_stirling(a) -
    0.5 * log_f64(2 * 3.141592653589793 * a);
}

/* log(part / wanted), to the last digit where they are near. */
DAMO_SPECIAL double special_logRatio(double part, double wanted) {
  double off = (part - wanted) / wanted;
  return abs_f64(off) < 0.5 ? log1p_f64(off) : log_f64(part / wanted);
}

/* The x below which a part p of Γ(a) lies, for p of at most a half. It starts from x^a / Γ(a + 1), which is no less than the part below x. */
DAMO_SPECIAL double special_gammaBelowInverse(double a, double p) {
  double wanted = log_f64(p);
  double u = (wanted + special_gammaln1p(a)) / a;
  if (u < -746) return 0;
  for (int k = 0; k < 100; k++) {
    double x = exp_f64(u), series = special_gammaSeries(a, x);
    double off = special_logGammaFactor(a, x, u) + log_f64(series) - wanted;
    double step = off * series / a;
    u -= step;
    if (abs_f64(step) < 1e-9 / (1 + a)) break;
  }
  double x = exp_f64(u);
  for (int k = 0; k < 2; k++) {
    double part = special_gammainc(a, x);
    if (!(part > 1e-290)) break;
    x -= x * (special_logRatio(part, p) * special_gammaSeries(a, x) / a);
  }
  return x;
}

/* The x above which a part q of Γ(a) lies, for q of at most a half. It starts above it: Boucheron, Lugosi and Massart, Concentration Inequalities (2013), 2.4. */
DAMO_SPECIAL double special_gammaAboveInverse(double a, double q) {
  double wanted = log_f64(q);
  double u = log_f64(a + sqrt_f64(-2 * a * wanted) - wanted);
  for (int k = 0; k < 100; k++) {
    double x = exp_f64(u);
    double off = 0, slope = 0;
    if (x < a + 1) {
      double part = special_gammaincc(a, x);
      off = special_logRatio(part, q);
      slope = part / a / special_gammaFactor(a, x);
    } else {
      double fraction = special_gammaFraction(a, x);
      off = special_logGammaFactor(a, x, u) + log_f64(a * fraction) - wanted;
      slope = fraction;
    }
    double step = off * slope;
    u += step;
    if (u < -746) return 0;
    if (abs_f64(step) < 1e-9 / (1 + a)) break;
  }
  double x = exp_f64(u);
  for (int k = 0; k < 2; k++) {
    double part = special_gammaincc(a, x);
    if (!(part > 1e-290)) break;
    x += x * (special_logRatio(part, q) * part / a / special_gammaFactor(a, x));
  }
  return x;
}

/* The x below which a part p of Γ(a) lies. DAMO_NAN_F64 unless a is positive and p is from 0 to 1. */
DAMO_SPECIAL double special_gammaincinv(double a, double p) {
  if (!(a > 0 && p >= 0 && p <= 1)) return DAMO_NAN_F64;
  if (p == 0) return 0;
  if (p == 1) return DAMO_INF_F64;
  return p <= 0.5 ? special_gammaBelowInverse(a, p) : special_gammaAboveInverse(a, 1 - p);
}

/* The x above which a part q of Γ(a) lies. DAMO_NAN_F64 unless a is positive and q is from 0 to 1. */
DAMO_SPECIAL double special_gammainccinv(double a, double q) {
  if (!(a > 0 && q >= 0 && q <= 1)) return DAMO_NAN_F64;
  if (q == 0) return DAMO_INF_F64;
  if (q == 1) return 0;
  return q <= 0.5 ? special_gammaAboveInverse(a, q) : special_gammaBelowInverse(a, 1 - q);
}

/* The x below which a part p of B(a, b) lies, for p of at most a half; 1 - x if `above` is 1. */
DAMO_SPECIAL double special_betaBelowInverse(
  double a,
  double b,
  double p,
  double above
) {
  double wanted = log_f64(p), whole = special_betaln(a, b);
  double u = (wanted + log_f64(a) + whole) / a;
  if (u > 0) u = 0;
  for (int k = 0; k < 200; k++) {
    if (u < -746) return above;
    double x = 1 / (1 + exp_f64(-u)), y = 1 / (1 + exp_f64(u));
    double off = 0, slope = 0;
    if (x < (a + 1) / (a + b + 2)) {
      double fraction = special_betaFraction(a, b, x, y);
      double logX = u < -30 ? u : log_f64(x),
        logY = u > 30 ? -u : x < 0.5 ? log1p_f64(-x) : log_f64(y);
      off = a * logX + b * logY - whole + log_f64(fraction) - wanted;
      slope = fraction;
    } else {
      double part = special_betaBelow(a, b, x, y);
      off = special_logRatio(part, p);
      slope = part / special_betaFactor(a, b, x, y);
    }
    double step = off * slope;
    u -= step;
    if (abs_f64(step) < 1e-9 / (1 + a + b)) break;
  }
  double x = 1 / (1 + exp_f64(-u)), y = 1 / (1 + exp_f64(u));
  for (int k = 0; k < 2; k++) {
    double part = special_betaBelow(a, b, x, y);
    if (!(part > 1e-290 && y > 0)) break;
    double step = x * y * (special_logRatio(part, p) * part / special_betaFactor(a, b, x, y));
    x -= step;
    y += step;
    if (x < y) y = 1 - x;
    else x = 1 - y;
  }
  return above == 1 ? y : x;
}

/* The x below which a part p of B(a, b) lies. DAMO_NAN_F64 unless a and b are positive and p is from 0 to 1. */
DAMO_SPECIAL double special_betaincinv(double a, double b, double p) {
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return DAMO_NAN_F64;
  if (p == 0 || p == 1) return p;
  return p <= 0.5
    ? special_betaBelowInverse(a, b, p, 0)
    : special_betaBelowInverse(b, a, 1 - p, 1);
}

DAMO_SPECIAL double special_gammaln_f64(double x) { return special_gammaln(x); }
DAMO_SPECIAL float special_gammaln_f32(float x) { return (float)special_gammaln(x); }
DAMO_SPECIAL double special_betaln_f64(double a, double b) { return special_betaln(a, b); }
DAMO_SPECIAL float special_betaln_f32(float a, float b) { return (float)special_betaln(a, b); }
DAMO_SPECIAL double special_gamma_f64(double x) { return special_gamma(x); }
DAMO_SPECIAL float special_gamma_f32(float x) { return (float)special_gamma(x); }
DAMO_SPECIAL double special_beta_f64(double a, double b) { return special_beta(a, b); }
DAMO_SPECIAL float special_beta_f32(float a, float b) { return (float)special_beta(a, b); }
DAMO_SPECIAL double special_digamma_f64(double x) { return special_digamma(x); }
DAMO_SPECIAL float special_digamma_f32(float x) { return (float)special_digamma(x); }
DAMO_SPECIAL double special_trigamma_f64(double x) { return special_trigamma(x); }
DAMO_SPECIAL float special_trigamma_f32(float x) { return (float)special_trigamma(x); }
DAMO_SPECIAL double special_polygamma_f64(double n, double x) { return special_polygamma(n, x); }
DAMO_SPECIAL float special_polygamma_f32(float n, float x) { return (float)special_polygamma(n, x); }
DAMO_SPECIAL double special_erfcx_f64(double x) { return special_erfcx(x); }
DAMO_SPECIAL float special_erfcx_f32(float x) { return (float)special_erfcx(x); }
DAMO_SPECIAL double special_erfcinv_f64(double y) { return special_erfcinv(y); }
DAMO_SPECIAL float special_erfcinv_f32(float y) { return (float)special_erfcinv(y); }
DAMO_SPECIAL double special_erfinv_f64(double x) { return special_erfinv(x); }
DAMO_SPECIAL float special_erfinv_f32(float x) { return (float)special_erfinv(x); }
DAMO_SPECIAL double special_i0_f64(double x) { return special_i0(x); }
DAMO_SPECIAL float special_i0_f32(float x) { return (float)special_i0(x); }
DAMO_SPECIAL double special_i1_f64(double x) { return special_i1(x); }
DAMO_SPECIAL float special_i1_f32(float x) { return (float)special_i1(x); }
DAMO_SPECIAL double special_j0_f64(double x) { return special_j0(x); }
DAMO_SPECIAL float special_j0_f32(float x) { return (float)special_j0(x); }
DAMO_SPECIAL double special_j1_f64(double x) { return special_j1(x); }
DAMO_SPECIAL float special_j1_f32(float x) { return (float)special_j1(x); }
DAMO_SPECIAL double special_iv_f64(double v, double x) { return special_iv(v, x); }
DAMO_SPECIAL float special_iv_f32(float v, float x) { return (float)special_iv(v, x); }
DAMO_SPECIAL double special_jv_f64(double v, double x) { return special_jv(v, x); }
DAMO_SPECIAL float special_jv_f32(float v, float x) { return (float)special_jv(v, x); }
DAMO_SPECIAL double special_gammainc_f64(double a, double x) { return special_gammainc(a, x); }
DAMO_SPECIAL float special_gammainc_f32(float a, float x) { return (float)special_gammainc(a, x); }
DAMO_SPECIAL double special_gammaincc_f64(double a, double x) { return special_gammaincc(a, x); }
DAMO_SPECIAL float special_gammaincc_f32(float a, float x) { return (float)special_gammaincc(a, x); }
DAMO_SPECIAL double special_betainc_f64(double a, double b, double x) { return special_betainc(a, b, x); }
DAMO_SPECIAL float special_betainc_f32(float a, float b, float x) { return (float)special_betainc(a, b, x); }
DAMO_SPECIAL double special_gammaincinv_f64(double a, double p) { return special_gammaincinv(a, p); }
DAMO_SPECIAL float special_gammaincinv_f32(float a, float p) { return (float)special_gammaincinv(a, p); }
DAMO_SPECIAL double special_gammainccinv_f64(double a, double q) { return special_gammainccinv(a, q); }
DAMO_SPECIAL float special_gammainccinv_f32(float a, float q) { return (float)special_gammainccinv(a, q); }
DAMO_SPECIAL double special_betaincinv_f64(double a, double b, double p) { return special_betaincinv(a, b, p); }
DAMO_SPECIAL float special_betaincinv_f32(float a, float b, float p) { return (float)special_betaincinv(a, b, p); }

#endif
