package io.holdfast.cli.inspect.reexecute;

import io.holdfast.capture.Ipv4Packet;
import io.holdfast.cli.HoldfastVersion;
import io.holdfast.cli.inspect.export.PcapngWriter;
import io.holdfast.journal.JournalReader;
import io.holdfast.node.service.EntryBodies;
import io.holdfast.restore.checkpoint.CheckpointSections;
import io.holdfast.restore.checkpoint.CheckpointStore;
import io.holdfast.restore.checkpoint.Criu;
import io.holdfast.restore.checkpoint.RestoredWorkload;
import io.holdfast.restore.checkpoint.VerifiedCheckpoint;
import io.holdfast.restore.connection.SocketScan;
import io.holdfast.restore.replay.JournalReplaySource;
import io.holdfast.restore.replay.Loopback;
import io.holdfast.restore.replay.LoopbackConfig;
import io.holdfast.restore.replay.ReplayOptions;
import io.holdfast.restore.replay.ReplayReport;
import io.holdfast.restore.replay.ReplaySource;
import io.holdfast.restore.replay.Replayer;
import io.holdfast.restore.workload.WorkloadSpec;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * Restores a checkpoint and gives it what the journal holds after it, as a takeover would, inside a sandbox that is made
 * already. Owned by the sandbox process's main thread, used once; nothing is taken away again, the sandbox goes as a whole.
 */
final class Reexecution {
    private static final String DEVICE = "holdfast-replay";
    private static final int ROUTING_TABLE = 100;
    private static final int TABLE_CAPACITY = 65_536;
    private static final long CRIU_TIMEOUT_MS = 60_000;
    private static final long STOP_TIMEOUT_MS = 5_000;
    /** Nobody waits here as clients do in a takeover, so a slow machine gets the time it needs. */
    private static final ReplayOptions PATIENT = new ReplayOptions(true, 10_000, 2_000);
    private static final int QUIET_MS = 200;
    private static final int SETTLE_MS = 10_000;

    private final SandboxRequest request;

    Reexecution(SandboxRequest request) {
        this.request = request;
    }

    ReexecutionReport run() throws IOException {
        try (JournalReader journal = JournalReader.open(SandboxLayout.JOURNAL)) {
            JournalWindow window = new JournalWindow(journal, request.markIndex());
            EntryBodies.Ready ready = window.ready();
            long last = window.last(request.lastIndex());
            VerifiedCheckpoint checkpoint = CheckpointStore.readOnly(SandboxLayout.CHECKPOINTS)
                    .verify(request.markIndex(), ready.manifestSha256());
            CheckpointSections sections = CheckpointSections.of(checkpoint.manifest());
            window.requireHeld(sections.inFlight());
            return run(journal, last, checkpoint, sections.place(), window.closed(last));
        }
    }

    private ReexecutionReport run(JournalReader journal, long last, VerifiedCheckpoint checkpoint,
                                  CheckpointSections.Place place, Map<String, String> closed) throws IOException {
        WorkloadSpec spec = new WorkloadSpec(place.command(), Path.of(place.workingDirectory()),
                place.dataDirectories().stream().map(Path::of).toList(), Map.of(), 0, STOP_TIMEOUT_MS);
        Criu criu = new Criu(Path.of(request.criu()), SandboxLayout.WORK.resolve("criu"), CRIU_TIMEOUT_MS);
        int address = Ipv4Packet.address(place.virtualAddress());
        // Both stay open as long as this process lives: a workload that is left running goes on in the loopback.
        Loopback loopback = Loopback.open(new LoopbackConfig(DEVICE, address, ROUTING_TABLE, place.mtuBytes()));
        loopback.engage();
        SocketScan scan = new SocketScan();
        RestoredWorkload restored = RestoredWorkload.of(checkpoint, spec, SandboxLayout.WORK.resolve("workload.json"), criu,
                TABLE_CAPACITY);
        try (PcapngWriter pcap = pcap(restored.markIndex(), last)) {
            AnswerLog log = new AnswerLog(pcap, restored.table().lastEpochNanos());
            Replayer replayer = new Replayer(loopback, scan, PATIENT, log);
            ReplaySource packets = new JournalReplaySource(journal::read, restored.markIndex(), last, restored.inFlight());
            ReplayReport report = replayer.replay(restored.table(),
                    request.speed() == 0 ? packets : new PacedSource(packets, request.speed()));
            boolean settled = replayer.settle(QUIET_MS, SETTLE_MS);
            List<ReexecutionReport.Answers> answers = log.answers();
            return new ReexecutionReport(restored.markIndex(), checkpoint.manifestDigest(), checkpoint.manifest().service(), last,
                    report.entries(), report.held(), report.clamped(), report.unread(), report.skipped(), settled,
                    report.micros(), restored.workload().pid(), ReexecutionReport.digest(answers),
                    closed, answers);
        }
    }

    private PcapngWriter pcap(long mark, long last) throws IOException {
        if (request.pcapName() == null) {
            return null;
        }
        FileChannel file = FileChannel.open(SandboxLayout.OUTPUT.resolve(request.pcapName()), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        return new PcapngWriter(file, new HoldfastVersion().getVersion()[0], "replay", "re-executed from checkpoint " + mark
                + " to entry " + last + "; server's sequence numbers are the clone's");
    }
}
