/** A number that stands still as long as nothing comes between two calls: what a call found out about its storages holds for the next one. */

/** The current epoch. It ends when a storage is laid out anew, lent, freed or owned by another call, and when a VM is. */
export let epoch = 0;

/** Ends it. */
export function endEpoch(): void {
  epoch++;
}
