package io.holdfast.benchmarks.append;

import io.holdfast.journal.Durability;

/** What is appended at once, and what it shall survive. */
record AppendSetting(Durability durability, int bytes, int batch) {
}
