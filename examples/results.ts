/** What programs that train leave behind: a picture, and a line about kernels. */
import * as damo from "damo";

/** Draws a picture into a file; says where it is, or why it is not. */
export async function draw(
  path: string,
  picture: Parameters<typeof damo.plot>[0],
): Promise<string> {
  try {
    Deno.writeTextFileSync(path, await damo.plot(picture));
    return path;
  } catch (error) {
    return `n/a (${(error as Error).message})`;
  }
}

/** Says how many kernels were compiled. */
export function showKernels(): void {
  const { compiled, fromCache } = damo.kernelStatistics;
  console.log(`kernels: ${compiled} compiled, ${fromCache} from cache`);
}
