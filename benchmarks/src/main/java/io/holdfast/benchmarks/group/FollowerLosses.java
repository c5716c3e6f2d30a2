package io.holdfast.benchmarks.group;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/**
 * Owned by the main thread: kills a follower in the middle of a load, keeps it away until the others have dropped what it needs
 * next, starts it again, and sees when it has caught up although the load goes on.
 */
final class FollowerLosses {
    /** A cycle in loads: killed in the first, back in the fourth, whole again by the end of the last. */
    static final int CYCLE_LOADS = 9;
    private static final int BACK_AT = 3;
    private static final int MEMBERS = 3;
    /** Caught up: it has seen committed what the leader had so long before. */
    private static final double LAG_SECONDS = 0.5;

    /** What has become of the follower. */
    enum State {
        /** It takes part, as the others do. */
        WHOLE,
        /** Its process was killed. */
        GONE,
        /** It runs again and is behind. */
        RETURNING
    }

    private final MemberGroup group;
    private final int collectEveryMs;
    private final PrintWriter out;
    private State state = State.WHOLE;
    private int kills;
    private int returned;
    private long longestMs;
    private MemberProcess follower;
    private long backNanos;

    FollowerLosses(MemberGroup group, int collectEveryMs, PrintWriter out) {
        this.group = group;
        this.collectEveryMs = collectEveryMs;
        this.out = out;
    }

    /** In the middle of a load, whose leader is busy with it. A cycle is begun only if it can end. */
    void during(MemberProcess leader, int load, boolean lastOnes) throws IOException, InterruptedException {
        int missing = state == State.GONE ? 1 : 0;
        if (group.running().size() + missing < MEMBERS) {
            throw new IOException("a member ended that nobody killed: " + group.running().stream().map(MemberProcess::name).toList() + " are left");
        }
        if (load % CYCLE_LOADS == 0 && state == State.WHOLE && !lastOnes) {
            List<MemberProcess> others = group.running().stream().filter(member -> member != leader).toList();
            follower = others.get(kills++ % others.size());
            follower.kill();
            follower.awaitEnd();
            state = State.GONE;
        } else if (load % CYCLE_LOADS == BACK_AT && state == State.GONE) {
            backNanos = System.nanoTime();
            follower = group.start(follower.name());
            follower.ask("collect " + collectEveryMs, "collecting");
            state = State.RETURNING;
        }
    }

    /** Behind a load of so many entries a second, before the next one. */
    void after(MemberProcess leader, double perSecond) throws IOException, InterruptedException {
        if (state != State.RETURNING) {
            return;
        }
        long seen = Long.parseLong(follower.ask("newest", "newest")[1]);
        long ms = (System.nanoTime() - backNanos) / 1_000_000;
        long lag = Long.parseLong(leader.ask("newest", "newest")[1]) - seen;
        if (seen > 0 && lag <= perSecond * LAG_SECONDS) {
            state = State.WHOLE;
            returned++;
            longestMs = Math.max(longestMs, ms);
            out.printf(Locale.ROOT, "%s was killed and is back: %d entries behind %d s after its start%n", follower.name(), lag, ms / 1000);
            out.flush();
        }
    }

    int kills() {
        return kills;
    }

    /** How many caught up while the load went on. */
    int returned() {
        return returned;
    }

    /** From the start of a process to the end of the first load behind which it had caught up. */
    long longestMs() {
        return longestMs;
    }
}
