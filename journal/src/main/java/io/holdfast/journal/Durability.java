package io.holdfast.journal;

/** What an acknowledged entry survives. */
public enum Durability {
    /** The death of the process; entries wait in the page cache and a power cut loses the newest of them. */
    PROCESS,
    /** A power cut as well, but for the newest moments: what is appended is forced by a thread that nobody waits for. */
    INTERVAL,
    /** A power cut as well: whoever acknowledges calls {@link Journal#sync()} first. */
    DISK
}
