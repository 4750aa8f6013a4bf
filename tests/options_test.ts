/** Every public function with options refuses one that it does not know, and says which it may have been. */
import { assert, assertThrows } from "@std/assert";
import * as damo from "damo";

const x = damo.matrix("x"), v = damo.vector("v"), s = damo.scalar("s");
const image = damo.tensor4("image"), volume = damo.tensor5("volume");
const i = damo.ivector("i"), W = damo.shared(1), cost = v.sum();
const rng = new damo.RandomStreams(1), f = damo.function([s], s);
const step = (row: damo.Variable) => row;

/** Calls with options, by what is called. */
const CALLS: Record<string, (options: never) => unknown> = {
  "function": (o) => damo.function([s], s, o),
  copy: (o) => f.copy(o),
  exportC: (o) => f.exportC("nowhere", o),
  In: (o) => new damo.In(s, o),
  Mode: (o) => new damo.Mode(o),
  "mode of a function": (o) => damo.function([s], s, { mode: o }),
  DebugMode: (o) => new damo.DebugMode(o),
  array: (o) => damo.array(1, o),
  constant: (o) => damo.constant(1, o),
  asTensor: (o) => damo.asTensor(1, o),
  shared: (o) => damo.shared(1, o),
  getValue: (o) => W.getValue(o),
  grad: (o) => damo.grad(cost, v, o),
  Lop: (o) => damo.Lop(cost, v, 1, o),
  jacobian: (o) => damo.jacobian(v, v, o),
  hessian: (o) => damo.hessian(cost, v, o),
  hessianVectorProduct: (o) => damo.hessianVectorProduct(cost, v, v, o),
  verifyGrad: (o) => damo.verifyGrad((x) => x, [], o),
  scan: (o) => damo.scan(step, o),
  "a sequence of scan": (o) =>
    damo.scan(step, { sequences: [{ input: v, ...o as object }] }),
  "an output of scan": (o) =>
    damo.scan(step, {
      outputsInfo: [{ initial: s, ...o as object }],
      nSteps: 1,
    }),
  scanCheckpoints: (o) => damo.scanCheckpoints(step, o),
  map: (o) => damo.map(step, v, [], o),
  reduce: (o) => damo.reduce(step, v, [s], [], o),
  foldl: (o) => damo.foldl(step, v, [s], [], o),
  foldr: (o) => damo.foldr(step, v, [s], [], o),
  OpFromGraph: (o) => damo.OpFromGraph([s], s, o),
  rewriteRuleAt: (o) => damo.rewriteRuleAt("r", null, o, () => null),
  cloneReplace: (o) => damo.cloneReplace(s, o),
  print: (o) => damo.print(s, o),
  progress: (o) => damo.progress(1, o),
  sum: (o) => damo.sum(x, o),
  prod: (o) => damo.prod(x, o),
  prodWithoutZeros: (o) => damo.prodWithoutZeros(x, o),
  max: (o) => damo.max(x, o),
  min: (o) => damo.min(x, o),
  any: (o) => damo.any(x, o),
  all: (o) => damo.all(x, o),
  mean: (o) => damo.mean(x, o),
  var_: (o) => damo.var_(x, o),
  std: (o) => damo.std(x, o),
  norm: (o) => damo.norm(x, o),
  ptp: (o) => damo.ptp(x, o),
  median: (o) => damo.median(x, o),
  nansum: (o) => damo.nansum(x, o),
  nanprod: (o) => damo.nanprod(x, o),
  nanmean: (o) => damo.nanmean(x, o),
  nanmax: (o) => damo.nanmax(x, o),
  nanmin: (o) => damo.nanmin(x, o),
  allclose: (o) => damo.allclose(x, x, o),
  cov: (o) => damo.cov(x, o),
  iround: (o) => damo.iround(x, o),
  nanToNum: (o) => damo.nanToNum(x, o),
  hSoftmax: (o) => damo.hSoftmax(x, o),
  isclose: (o) => damo.isclose(x, x, o),
  inRange: (o) => damo.inRange(x, 0, 1, o),
  logsumexp: (o) => damo.logsumexp(x, o),
  argmax: (o) => damo.argmax(x, o),
  argmin: (o) => damo.argmin(x, o),
  maxAndArgmax: (o) => damo.maxAndArgmax(x, o),
  trace: (o) => damo.trace(x, 0, 0, 1, o),
  "the method sum": (o) => x.sum(o),
  meshgrid: (o) => damo.meshgrid([v], o),
  linspace: (o) => damo.linspace(0, 1, 3, o),
  pad: (o) => damo.pad(v, 1, o),
  sort: (o) => damo.sort(x, 0, o),
  argsort: (o) => damo.argsort(x, 0, o),
  topk: (o) => damo.topk(x, 1, o),
  argtopk: (o) => damo.argtopk(x, 1, o),
  topkAndArgtopk: (o) => damo.topkAndArgtopk(x, 1, o),
  unique: (o) => damo.unique(x, o),
  searchsorted: (o) => damo.searchsorted(v, 1, o),
  bincount: (o) => damo.bincount(i, o),
  histogram: (o) => damo.histogram(v, o),
  permuteRowElements: (o) => damo.permuteRowElements(x, i, o),
  svd: (o) => damo.svd(x, o),
  pinv: (o) => damo.pinv(x, o),
  cholesky: (o) => damo.cholesky(x, o),
  eigvalsh: (o) => damo.eigvalsh(x, null, o),
  solve: (o) => damo.solve(x, v, o),
  solveTriangular: (o) => damo.solveTriangular(x, v, o),
  rfft: (o) => damo.rfft(x, o),
  irfft: (o) => damo.irfft(x, o),
  softmax: (o) => damo.softmax(x, o),
  logSoftmax: (o) => damo.logSoftmax(x, o),
  relu: (o) => damo.relu(x, o),
  elu: (o) => damo.elu(x, o),
  batchNormalizationTrain: (o) => damo.batchNormalizationTrain(x, v, v, o),
  batchNormalizationTest: (o) => damo.batchNormalizationTest(x, v, v, v, v, o),
  conv2d: (o) => damo.conv2d(image, image, o),
  conv3d: (o) => damo.conv3d(volume, volume, o),
  conv2dGradWrtInputs: (o) =>
    damo.conv2dGradWrtInputs(image, image, [1, 1, 9, 9], o),
  conv3dGradWrtInputs: (o) =>
    damo.conv3dGradWrtInputs(volume, volume, [1, 1, 9, 9, 9], o),
  conv2dGradWrtWeights: (o) =>
    damo.conv2dGradWrtWeights(image, image, [1, 1, 3, 3], o),
  conv3dGradWrtWeights: (o) =>
    damo.conv3dGradWrtWeights(volume, volume, [1, 1, 3, 3, 3], o),
  conv2dTranspose: (o) => damo.conv2dTranspose(image, image, [1, 1, 9, 9], o),
  separableConv2d: (o) => damo.separableConv2d(image, image, image, 1, o),
  separableConv3d: (o) => damo.separableConv3d(volume, volume, volume, 1, o),
  causalConv1d: (o) =>
    damo.causalConv1d(damo.tensor3("q"), damo.zeros([1, 1, 3]), o),
  pool: (o) => damo.pool(x, [2], o),
  pool2d: (o) => damo.pool2d(x, 2, o),
  pool3d: (o) => damo.pool3d(volume, 2, o),
  maxPoolGrad: (o) => damo.maxPoolGrad(x, x, x, [2], o),
  maxPoolGradGrad: (o) => damo.maxPoolGradGrad(x, x, x, [2], o),
  averagePoolGrad: (o) => damo.averagePoolGrad(x, x, [2], o),
  uniform: (o) => rng.uniform([2], o),
  normal: (o) => rng.normal([2], o),
  truncatedNormal: (o) => rng.truncatedNormal([2], o),
  binomial: (o) => rng.binomial([2], o),
  multinomial: (o) => rng.multinomial(x, o),
  choice: (o) => rng.choice([2], o),
  permutation: (o) => rng.permutation(3, o),
};

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`${name} refuses an option that it does not know`, () => {
    const error = assertThrows(
      () => call({ qwertz: 1 } as never),
      TypeError,
      "there is no option qwertz, but ",
    );
    // Each option that the message names is near to itself misspelt.
    const [, list] = /but ([\w, ]+)/.exec(error.message)!;
    for (const option of list!.split(", ")) {
      const near = assertThrows(
        () => call({ [`${option}z`]: 1 } as never),
        TypeError,
      );
      assert(near.message.includes(`did you mean ${option}`), near.message);
    }
  });
}
