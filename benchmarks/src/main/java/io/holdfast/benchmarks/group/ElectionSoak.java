package io.holdfast.benchmarks.group;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.HdrHistogram.Histogram;

/**
 * Everything at once that makes a leader look dead: as many entries as the group takes, each forced to disk before it is
 * acknowledged, full garbage collections in every member, snapshots. With the timing of operation no member may be elected
 * for it. Has no state.
 */
final class ElectionSoak {
    private static final int COLLECT_EVERY_MS = 1_000;
    private static final int LOAD_MS = 10_000;
    private static final int AT_ONCE = 1024;
    private static final int BYTES = 256;

    private ElectionSoak() {
    }

    /**
     * @param elections terms opened since the load began
     * @param lost      loads that were cut short because their leader did not lead any more
     */
    record Outcome(long committed, long collections, long elections, long term, int loads, int lost, Histogram latency) {
    }

    static Outcome run(Path dir, long millis) throws IOException, InterruptedException {
        try (MemberGroup group = MemberGroup.start(Kind.HOLDFAST_DISK, Timing.SHARP, FreePorts.onLoopback(), dir, name -> List.of())) {
            // All have loaded their classes and know the leader before it counts.
            group.load(new LoadShape(BYTES, 0, AT_ONCE, 2_000));
            group.awaitSame();
            long before = term(group);
            for (MemberProcess member : group.running()) {
                member.ask("collect " + COLLECT_EVERY_MS, "collecting");
            }
            return load(group, before, System.nanoTime(), millis);
        }
    }

    private static Outcome load(MemberGroup group, long termBefore, long start, long millis) throws IOException, InterruptedException {
        long committed = 0;
        int loads = 0;
        int lost = 0;
        Histogram latency = new Histogram(3);
        for (long left = millis; left > 0; left = millis - (System.nanoTime() - start) / 1_000_000) {
            LoadOutcome outcome = group.load(new LoadShape(BYTES, 0, AT_ONCE, (int) Math.min(left, LOAD_MS)));
            loads++;
            if (outcome == null) {
                lost++;
            } else {
                committed += outcome.committed();
                latency.add(outcome.latency());
            }
        }
        long term = term(group);
        return new Outcome(committed, (System.nanoTime() - start) / 1_000_000 / COLLECT_EVERY_MS, term - termBefore, term, loads, lost, latency);
    }

    /** The highest any member knows. */
    private static long term(MemberGroup group) throws IOException, InterruptedException {
        Set<Long> terms = new HashSet<>();
        for (MemberProcess member : group.running()) {
            terms.add(Long.parseLong(member.ask("term", "term")[1]));
        }
        return terms.stream().mapToLong(Long::longValue).max().orElseThrow();
    }
}
