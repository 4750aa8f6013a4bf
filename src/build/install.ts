/** The command that installs what is missing, for the system at hand. */

/** What may be missing. */
export type Need = "compiler" | "blas";

/** By the IDs of /etc/os-release: the command, and the packages of each need. */
const MANAGERS = [
  {
    ids: ["debian", "ubuntu"],
    command: "apt-get install -y",
    compiler: "gcc libc6-dev",
    blas: "libopenblas0-pthread",
  },
  {
    ids: ["fedora", "rhel", "centos"],
    command: "dnf install -y",
    compiler: "gcc glibc-devel",
    blas: "openblas",
  },
  {
    ids: ["arch"],
    command: "pacman -S --noconfirm",
    compiler: "gcc",
    blas: "openblas",
  },
  {
    ids: ["suse", "opensuse"],
    command: "zypper install -y",
    compiler: "gcc glibc-devel",
    blas: "libopenblas_pthreads0",
  },
] as const;

/** One line to type, such as `sudo apt-get install -y gcc libc6-dev`. */
export function installCommand(needs: readonly Need[]): string {
  if (Deno.build.os === "darwin") {
    const lines = {
      compiler: "xcode-select --install",
      blas: "brew install openblas",
    };
    return needs.map((need) => lines[need]).join(" && ");
  }
  const ids = systemIds();
  const manager = MANAGERS.find((m) => m.ids.some((id) => ids.includes(id)));
  if (!manager) {
    return `install ${needs.map((need) => GENERIC[need]).join(" and ")}`;
  }
  const sudo = Deno.uid() === 0 ? "" : "sudo ";
  return `${sudo}${manager.command} ${
    needs.map((need) => manager[need]).join(" ")
  }`;
}

const GENERIC = { compiler: "gcc or clang", blas: "OpenBLAS" };

/** The IDs of this system and of those it is like. */
function systemIds(): readonly string[] {
  try {
    const release = Deno.readTextFileSync("/etc/os-release");
    return Array.from(
      release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)/gm),
      (m) => m[1]!.split(" "),
    ).flat();
  } catch {
    return [];
  }
}
