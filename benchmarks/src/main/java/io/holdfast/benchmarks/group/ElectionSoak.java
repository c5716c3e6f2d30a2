package io.holdfast.benchmarks.group;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * Everything at once that makes a leader look dead: as many entries as the group takes, each forced to disk before it is
 * acknowledged, full garbage collections in every member, snapshots, dropped files. With the timing of operation no member
 * may be elected for it. Owned by the main thread.
 */
final class ElectionSoak {
    private static final int COLLECT_EVERY_MS = 1_000;
    private static final int LOAD_MS = 10_000;
    private static final int AT_ONCE = 1024;
    private static final int BYTES = 256;
    private static final long TELL_EVERY_MS = 60_000;
    /** A follower is killed only if it can be back before the end. */
    private static final long CYCLE_MS = (long) FollowerLosses.CYCLE_LOADS * LOAD_MS;

    private final Path dir;
    private final MemberGroup group;
    private final PrintWriter out;
    private final Tally whole = new Tally();
    private Tally minute = new Tally();
    private long mostBytes;
    /** Null when no follower is killed. */
    private final FollowerLosses losses;

    private ElectionSoak(Path dir, MemberGroup group, boolean killFollowers, PrintWriter out) {
        this.dir = dir;
        this.group = group;
        this.out = out;
        this.losses = killFollowers ? new FollowerLosses(group, COLLECT_EVERY_MS, out) : null;
    }

    /** What was seen in a while. */
    private static final class Tally {
        private final Histogram latency = new Histogram(3);
        private Vitals worst = Vitals.NONE;
        private long committed;
        private int loads;
        private int lost;

        /** Null: cut short. */
        void add(LoadOutcome outcome) {
            loads++;
            if (outcome == null || outcome.committed() == 0) {
                lost++;
            } else {
                committed += outcome.committed();
                latency.add(outcome.latency());
            }
        }

        String text() {
            return String.format(Locale.ROOT, "%d entries, %d of %d loads cut short, commits p50 %.1f p99.9 %.1f most %.1f ms, longest silence"
                    + " seen by a follower %.0f ms, longest pause for a collection %d ms", committed, lost, loads, latency.getValueAtPercentile(50)
                    / 1e6, latency.getValueAtPercentile(99.9) / 1e6, latency.getMaxValue() / 1e6, worst.silenceNanos() / 1e6, worst.pauseMs());
        }
    }

    /**
     * @param elections terms opened since the load began
     * @param lost      loads that were cut short because their leader did not lead any more, or in which nothing was committed
     * @param mostBytes what the members took on the disk, at most
     * @param kills     followers killed
     * @param returned  those of them that caught up with the load
     * @param returnMs  the longest that took
     */
    record Outcome(long committed, long collections, long elections, int loads, int lost, long silenceNanos, long mostBytes, int kills,
                   int returned, long returnMs, String text) {
        boolean calm() {
            return elections == 0 && lost == 0 && returned == kills;
        }
    }

    /** Tells how it is every minute. */
    static Outcome run(Path dir, long millis, boolean killFollowers, PrintWriter out) throws IOException, InterruptedException {
        try (MemberGroup group = MemberGroup.start(Kind.HOLDFAST_DISK, Timing.SHARP, FreePorts.onLoopback(), dir, name -> List.of())) {
            // All have loaded their classes and know the leader before it counts.
            group.load(new LoadShape(BYTES, 0, AT_ONCE, 5_000));
            group.awaitSame();
            for (MemberProcess member : group.running()) {
                member.ask("collect " + COLLECT_EVERY_MS, "collecting");
            }
            ElectionSoak soak = new ElectionSoak(dir, group, killFollowers, out);
            boolean calm = false;
            try {
                Outcome outcome = soak.load(soak.vitals().term(), millis);
                calm = outcome.calm();
                return outcome;
            } finally {
                if (!calm) {
                    group.printLogs(out); // they go with the group
                }
            }
        }
    }

    private Outcome load(long termBefore, long millis) throws IOException, InterruptedException {
        long start = System.nanoTime();
        long told = 0;
        int loads = 0;
        for (long at = 0; at < millis; at = (System.nanoTime() - start) / 1_000_000) {
            LoadShape shape = new LoadShape(BYTES, 0, AT_ONCE, (int) Math.min(millis - at, LOAD_MS));
            LoadOutcome outcome = losses == null ? group.load(shape) : loadAndLose(shape, loads++, millis - at < CYCLE_MS);
            Vitals now = vitals();
            for (Tally each : List.of(whole, minute)) {
                each.add(outcome);
                each.worst = each.worst.worst(now);
            }
            mostBytes = Math.max(mostBytes, bytesOnDisk());
            if (at - told >= TELL_EVERY_MS) {
                told = at;
                out.printf("minute %d: term %d, %s, %d MB on the disk%n", at / 60_000, now.term(), minute.text(), bytesOnDisk() >> 20);
                out.flush();
                minute = new Tally();
            }
        }
        return new Outcome(whole.committed, (System.nanoTime() - start) / 1_000_000 / COLLECT_EVERY_MS, whole.worst.term() - termBefore,
                whole.loads, whole.lost, whole.worst.silenceNanos(), mostBytes, losses == null ? 0 : losses.kills(),
                losses == null ? 0 : losses.returned(), losses == null ? 0 : losses.longestMs(), whole.text());
    }

    private LoadOutcome loadAndLose(LoadShape shape, int load, boolean lastOnes) throws IOException, InterruptedException {
        MemberProcess leader = group.leader();
        FutureTask<LoadOutcome> loading = new FutureTask<>(() -> MemberGroup.load(leader, shape));
        new Thread(loading, "load").start();
        TimeUnit.MILLISECONDS.sleep(shape.millis() / 2);
        losses.during(leader, load, lastOnes);
        try {
            LoadOutcome outcome = loading.get();
            if (outcome != null) {
                losses.after(leader, outcome.committed() * 1e9 / outcome.nanos());
            }
            return outcome;
        } catch (ExecutionException e) {
            throw new IOException("the load ended: " + e.getCause(), e);
        }
    }

    private Vitals vitals() throws IOException, InterruptedException {
        Vitals worst = Vitals.NONE;
        for (MemberProcess member : group.running()) {
            worst = worst.worst(Vitals.parse(member.ask("vitals", "vitals"), 1));
        }
        return worst;
    }

    private long bytesOnDisk() throws IOException {
        long bytes = 0;
        try (Stream<Path> paths = Files.walk(dir)) {
            for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
                try {
                    bytes += Files.size(path);
                } catch (NoSuchFileException e) {
                    continue; // dropped meanwhile
                }
            }
        }
        return bytes;
    }
}
