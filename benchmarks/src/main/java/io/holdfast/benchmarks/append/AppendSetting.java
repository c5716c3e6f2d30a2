package io.holdfast.benchmarks.append;

import io.holdfast.journal.Durability;

/**
 * What is appended at once, and what it shall survive.
 *
 * @param perSecond so many batches, 0: one after the other
 */
record AppendSetting(Durability durability, int bytes, int batch, int perSecond) {
}
