package io.holdfast.journal;

/**
 * What held before the first record of a cycle file: enough to begin reading there. Immutable.
 *
 * @param cycle number of the file
 * @param chain chain value of the record before, 0 for none
 * @param index last entry of the log before
 * @param term  its term, 0 when unknown
 */
record FileStart(int cycle, int chain, long index, long term) {
}
