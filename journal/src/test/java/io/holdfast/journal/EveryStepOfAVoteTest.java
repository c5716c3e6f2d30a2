package io.holdfast.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** As {@link EveryStepTest}: what was voted is never taken back, nor what a member found when it was started again. */
class EveryStepOfAVoteTest {
    private static final long SEEDS = 8;
    private static final double[] LOSSES = {1, 0.5};
    /** No power cut: the process dies and the machine lives. */
    private static final double KILL = -1;

    @TempDir
    Path dir;

    /** Opened for the first time, or after a vote; a term without a vote is saved, and a vote in it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aVoteSurvivesTheEndAtEachCall(boolean votedBefore) throws Exception {
        int calls = vote(votedBefore, 0, KILL, 0);
        for (int k = 1; k <= calls + 1; k++) {
            vote(votedBefore, k, KILL, 0);
            vote(votedBefore, k, KILL, 1);
            for (double loss : LOSSES) {
                for (long seed = 0; seed < SEEDS; seed++) {
                    vote(votedBefore, k, loss, seed);
                }
            }
        }
    }

    /** Returns how many calls there were. */
    private int vote(boolean votedBefore, int diesAt, double loss, long seed) throws IOException {
        Path home = Files.createTempDirectory(dir, "vote");
        FaultyStorage disk = new FaultyStorage(home);
        String saved = "0 null";
        if (votedBefore) {
            try (VoteStore votes = disk.openVotes()) {
                votes.save(4, "n1");
            }
            saved = "4 n1";
        }
        int before = disk.calls().size();
        if (diesAt > 0) {
            disk.dieAtCall(diesAt);
        }
        List<String> possible = new ArrayList<>(List.of(saved));
        VoteStore votes = null;
        try {
            votes = disk.openVotes();
            for (String name : Arrays.asList(null, "n2")) {
                possible.add("5 " + name);
                votes.save(5, name);
                possible = new ArrayList<>(List.of("5 " + name));
            }
        } catch (JournalException e) {
            assertThat(disk.isDead()).as("it failed before it should: %s", e).isTrue();
        }
        int calls = disk.calls().size() - before;
        AutoCloseable[] open = votes == null ? new AutoCloseable[0] : new AutoCloseable[] {votes};
        if (loss == KILL) {
            disk.kill(open);
        } else {
            disk.powerCut(new Random(seed), loss, open);
        }
        String when = "died at call " + diesAt + " of " + calls + ", loss " + loss + ", seed " + seed;
        VoteStore again = disk.openVotes();
        String found = again.term() + " " + again.votedFor();
        assertThat(found).as(when).isIn(possible);
        if (seed % 2 == 1) {
            again.save(6, "n3");
            found = "6 n3";
        }
        // The member goes by what it found or saved.
        disk.powerCut(new Random(seed), 1, again);
        try (VoteStore last = disk.openVotes()) {
            assertThat(last.term() + " " + last.votedFor()).as("after a power cut later, " + when).isEqualTo(found);
        }
        return calls;
    }
}
