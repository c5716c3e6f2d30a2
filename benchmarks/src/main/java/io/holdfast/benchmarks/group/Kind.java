package io.holdfast.benchmarks.group;

import java.nio.file.Path;

/** What takes part in a comparison. */
enum Kind {
    /** Holdfast's group on its journal, traffic closed by TLS: what a node runs. */
    HOLDFAST("Holdfast", "page cache: survives the process"),
    /** The same, each entry forced before it is acknowledged. */
    HOLDFAST_DISK("Holdfast, forced to disk", "disk: survives a power cut"),
    /** As the first with open traffic, as all others here have it. */
    HOLDFAST_OPEN("Holdfast, open traffic", "page cache: survives the process"),
    /** The library as it comes, on its FileBasedLog without fsync. */
    JGROUPS_RAFT("jgroups-raft 1.1.4", "page cache: survives the process"),
    /** By its gRPC transport; its log's force is not waited for. */
    RATIS("Apache Ratis 3.3.0", "page cache: survives the process (written, forced meanwhile)"),
    /** Aeron's replicated log, recorded by its archive. */
    AERON("Aeron Cluster 1.51.0", "page cache: survives the process (recorded, file sync level 0)"),
    /** No group at all: a datagram to another process and back. */
    UDP("UDP round trip", "none");

    private final String title;
    private final String durability;

    Kind(String title, String durability) {
        this.title = title;
        this.durability = durability;
    }

    String title() {
        return title;
    }

    /** Neither ours nor the floor. */
    boolean isBaseline() {
        return !isOurs() && this != UDP;
    }

    private boolean isOurs() {
        return this == HOLDFAST || this == HOLDFAST_DISK || this == HOLDFAST_OPEN;
    }

    /** Whether members need a common key. */
    boolean isClosed() {
        return this == HOLDFAST || this == HOLDFAST_DISK;
    }

    /** What a majority's copies survive once an entry counts as committed. */
    String durability() {
        return durability;
    }

    Contender join(MemberPlaces places, Path dir, Timing timing, Contender.Events events) throws Exception {
        return switch (this) {
            case HOLDFAST, HOLDFAST_DISK, HOLDFAST_OPEN -> HoldfastContender.join(places, dir, timing, this, events);
            case JGROUPS_RAFT -> JGroupsRaftContender.join(places, dir, timing, events);
            case RATIS -> RatisContender.join(places, dir, timing, events);
            case AERON -> AeronContender.join(places, dir, timing, events);
            case UDP -> UdpContender.join(places, events);
        };
    }
}
