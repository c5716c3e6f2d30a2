package io.holdfast.journal;

/**
 * What stands for all entries up to an index: the state a member needs to go on behind it.
 *
 * @param index last entry it covers
 * @param term  term of that entry
 * @param bytes opaque to the journal; not to be changed
 */
public record Snapshot(long index, long term, byte[] bytes) {
}
