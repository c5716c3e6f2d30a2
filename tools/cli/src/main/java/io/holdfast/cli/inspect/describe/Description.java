package io.holdfast.cli.inspect.describe;

import io.holdfast.cli.inspect.connections.TrackedConnection;
import java.util.List;
import java.util.Map;

/**
 * What a journal tells about itself; immutable. Member by member it is the object that {@code describe --json} prints, times
 * as text in UTC.
 *
 * @param nodes       named by entries or among the members
 * @param members     of the group, by the newest entry that states them
 * @param kinds       by the name of the kind
 * @param connections by state
 * @param leftOut     how many checkpoints, takeovers, terms and pauses there were beyond those kept here
 */
record Description(String journal, long firstIndex, long lastIndex, long committedIndex, String firstTime, String lastTime,
                   long droppedThroughIndex, List<String> nodes, List<String> members, Map<String, Amount> kinds, List<Term> terms,
                   List<Checkpoint> checkpoints, List<Takeover> takeovers, Map<TrackedConnection.State, Long> connections,
                   List<Pause> pauses, long leftOut) {

    /** @param bytes of commands, as they were proposed */
    record Amount(long entries, long bytes) {
    }

    /** @param leader null when nothing in the term says who led */
    record Term(long term, String leader, long firstIndex, long lastIndex, String firstTime, String lastTime) {
    }

    /**
     * A checkpoint, from its mark on.
     *
     * @param readyIndex  entry by which it counts; 0: it was never ready
     * @param readyAfterMs from the mark to that entry
     * @param ageMs       from the mark to the newest entry
     */
    record Checkpoint(long markIndex, String node, String reason, String time, long readyIndex, long readyAfterMs, long ageMs,
                      long bytes, String manifestSha256, List<String> holders, double gateClosedMs) {
    }

    /** @param complete whether it went live */
    record Takeover(long term, String node, String time, boolean complete, List<Step> steps, Map<String, Long> counts) {
    }

    record Step(String step, long index, double elapsedMs, String detail) {
    }

    /** Nothing was journaled for a while. */
    record Pause(long afterIndex, String since, long ms) {
    }
}
