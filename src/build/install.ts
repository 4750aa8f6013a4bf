/** What to install where something is missing, for the system at hand. */
import { userId } from "./store.ts";

/** What may be missing. */
export type Need = "compiler" | "blas";

/** By the IDs of /etc/os-release: the command, and the packages of each need. */
const MANAGERS = [
  {
    ids: ["debian", "ubuntu"],
    command: "apt-get install -y",
    compiler: ["gcc", "libc6-dev"],
    blas: ["libopenblas0-pthread"],
  },
  {
    ids: ["fedora", "rhel", "centos"],
    command: "dnf install -y",
    compiler: ["gcc", "glibc-devel"],
    blas: ["openblas"],
  },
  {
    ids: ["arch"],
    command: "pacman -S --noconfirm",
    compiler: ["gcc"],
    blas: ["openblas"],
  },
  {
    ids: ["suse", "opensuse"],
    command: "zypper install -y",
    compiler: ["gcc", "glibc-devel"],
    blas: ["libopenblas_pthreads0"],
  },
] as const;

const MACOS = {
  compiler: "xcode-select --install",
  blas: "brew install openblas",
} as const;

const ELSEWHERE = { compiler: "gcc or clang", blas: "OpenBLAS" } as const;

/** One line that installs it, such as `sudo apt-get install -y gcc libc6-dev`. */
export function installCommand(needs: readonly Need[]): string {
  if (Deno.build.os === "darwin") {
    return needs.map((need) => MACOS[need]).join(" && ");
  }
  const ids = systemIds();
  const manager = MANAGERS.find((manager) =>
    manager.ids.some((id) => ids.includes(id))
  );
  if (!manager) {
    return `install ${needs.map((need) => ELSEWHERE[need]).join(" and ")}`;
  }
  const sudo = userId() === 0 ? "" : "sudo ";
  const names = needs.flatMap((need) => manager[need]);
  return `${sudo}${manager.command} ${names.join(" ")}`;
}

/** The Debian packages of these needs. */
export function packages(needs: readonly Need[]): string[] {
  return needs.flatMap((need) => MANAGERS[0][need]);
}

/** The IDs of this system and of those that it is like. */
function systemIds(): readonly string[] {
  try {
    const release = Deno.readTextFileSync("/etc/os-release");
    const fields = release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)/gm);
    return Array.from(fields, ([, ids]) => ids!.split(" ")).flat();
  } catch {
    return [];
  }
}
