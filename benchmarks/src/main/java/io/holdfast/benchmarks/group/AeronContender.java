package io.holdfast.benchmarks.group;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ClusteredMediaDriver;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.codecs.CloseReason;
import io.aeron.cluster.service.ClientSession;
import io.aeron.cluster.service.Cluster;
import io.aeron.cluster.service.ClusteredService;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.Header;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron Cluster with its media driver and archive in the member's process. Entries go in as a client's messages by shared
 * memory, which is how a process beside the leader offers them. Its service calls the events, the offering thread the rest.
 */
final class AeronContender implements Contender, ClusteredService {
    private final Events events;
    private final String aeronDir;
    private final MemberPlaces places;
    private ClusteredMediaDriver driver;
    private ClusteredServiceContainer container;
    private volatile AeronCluster client;
    private volatile Cluster.Role role = Cluster.Role.FOLLOWER;
    private byte[] taken = new byte[2048];

    private AeronContender(MemberPlaces places, Path dir, Events events) {
        this.places = places;
        this.events = events;
        aeronDir = dir.resolve("driver").toString();
    }

    static Contender join(MemberPlaces places, Path dir, Timing timing, Events events) {
        AeronContender contender = new AeronContender(places, dir, events);
        contender.start(dir, timing);
        return contender;
    }

    /** With fewer CPUs than threads an idle one must sleep; so soon that it is not what is measured. */
    private static IdleStrategy idle() {
        return new BackoffIdleStrategy(10, 20, 1_000, TimeUnit.MICROSECONDS.toNanos(100));
    }

    private static String members(MemberPlaces places) {
        // ingress, consensus, log, catch-up, archive: as ClusteredMediaDriver's guide has them
        return places.all().stream().map(place -> places.all().indexOf(place) + "," + at(place, 0) + "," + at(place, 1) + ","
                + at(place, 2) + "," + at(place, 3) + "," + at(place, 4)).collect(Collectors.joining("|"));
    }

    private static String at(MemberPlaces.Place place, int offset) {
        return place.host() + ":" + (place.port() + offset);
    }

    private void start(Path dir, Timing timing) {
        MediaDriver.Context media = new MediaDriver.Context().aeronDirectoryName(aeronDir).threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(idle()).termBufferSparseFile(true).dirDeleteOnStart(true).dirDeleteOnShutdown(true);
        AeronArchive.Context archiveClient = new AeronArchive.Context().aeronDirectoryName(aeronDir)
                .controlRequestChannel("aeron:ipc").controlResponseChannel("aeron:ipc");
        Archive.Context archive = new Archive.Context().aeronDirectoryName(aeronDir).archiveDir(dir.resolve("archive").toFile())
                .threadingMode(ArchiveThreadingMode.SHARED).idleStrategySupplier(AeronContender::idle)
                .controlChannel("aeron:udp?endpoint=" + at(places.own(), 4)).localControlChannel("aeron:ipc")
                .recordingEventsEnabled(false).replicationChannel("aeron:udp?endpoint=" + places.own().host() + ":0").fileSyncLevel(0);
        ConsensusModule.Context consensus = new ConsensusModule.Context().aeronDirectoryName(aeronDir)
                .clusterDir(dir.resolve("cluster").toFile()).clusterMemberId(places.number()).clusterMembers(members(places))
                .archiveContext(archiveClient.clone()).idleStrategySupplier(AeronContender::idle).isIpcIngressAllowed(true)
                .ingressChannel("aeron:udp?term-length=1m").logChannel("aeron:udp?term-length=64m").fileSyncLevel(0)
                .replicationChannel("aeron:udp?endpoint=" + places.own().host() + ":0");
        long heartbeatMs = timing == Timing.SHARP ? 120 : 5_000;
        // The client sends nothing between its turns.
        consensus.sessionTimeoutNs(TimeUnit.MINUTES.toNanos(30)).leaderHeartbeatTimeoutNs(TimeUnit.MILLISECONDS.toNanos(heartbeatMs))
                .leaderHeartbeatIntervalNs(TimeUnit.MILLISECONDS.toNanos(40));
        driver = ClusteredMediaDriver.launch(media, archive, consensus);
        container = ClusteredServiceContainer.launch(new ClusteredServiceContainer.Context().aeronDirectoryName(aeronDir)
                .clusterDir(dir.resolve("cluster").toFile()).archiveContext(archiveClient.clone()).clusteredService(this)
                .idleStrategySupplier(AeronContender::idle));
    }

    @Override
    public boolean leading() {
        return role == Cluster.Role.LEADER;
    }

    @Override
    public boolean offer(byte[] entry) {
        if (client == null || client.isClosed()) {
            client = AeronCluster.connect(new AeronCluster.Context().aeronDirectoryName(aeronDir).ingressChannel("aeron:ipc")
                    .isIngressExclusive(true)
                    .egressChannel("aeron:ipc").messageTimeoutNs(TimeUnit.SECONDS.toNanos(10)));
        }
        return client.offer(new UnsafeBuffer(entry), 0, entry.length) > 0;
    }

    @Override
    public void onStart(Cluster cluster, Image snapshot) {
        role = cluster.role();
    }

    @Override
    public void onRoleChange(Cluster.Role newRole) {
        role = newRole;
        if (newRole == Cluster.Role.LEADER) {
            events.leads();
        }
    }

    @Override
    public void onSessionMessage(ClientSession session, long timestamp, DirectBuffer buffer, int offset, int length, Header header) {
        if (taken.length < length) {
            taken = new byte[length];
        }
        buffer.getBytes(offset, taken, 0, length);
        events.committed(taken, 0, length);
    }

    @Override
    public void onSessionOpen(ClientSession session, long timestamp) {
        // The only one.
    }

    @Override
    public void onSessionClose(ClientSession session, long timestamp, CloseReason reason) {
        // Opened again when it offers.
    }

    @Override
    public void onTimerEvent(long correlationId, long timestamp) {
        // No timers.
    }

    @Override
    public void onTakeSnapshot(ExclusivePublication snapshot) {
        // No state.
    }

    @Override
    public void onTerminate(Cluster cluster) {
        // Killed anyway.
    }

    @Override
    public void close() {
        container.close();
        driver.close();
    }
}
