package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

import org.jgroups.Address;
import org.jgroups.Message;
import org.jgroups.stack.IpAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Message by message: which of two followers is sent what, and when. */
@Timeout(60)
class DistributionTest {
    private static final long MS = HandDrivenMember.MS;

    @TempDir
    Path directory;
    private HandDrivenMember ours;
    private long term;

    /** Leads, and both followers hold entries 1 and 2. */
    @BeforeEach
    void lead() {
        ours = new HandDrivenMember(directory, 1);
        ours.becomeLeader();
        term = ours.raft.term();
        answer(ours.second, 2);
        answer(ours.third, 2);
        ours.sent.clear();
    }

    @AfterEach
    void close() {
        ours.close();
    }

    private void answer(Address follower, long index) {
        ours.deliver(follower, MessageKind.APPEND_ANSWER, term, true, index, 0, 0, index);
    }

    private void enqueue() {
        enqueue(StockRaft.command("entry"));
    }

    private void enqueue(byte[] command) {
        assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
    }

    private void offer() {
        enqueue();
        ours.raft.turn();
    }

    private void offer(int bytes) {
        enqueue(StockRaft.command("e".repeat(bytes)));
        ours.raft.turn();
    }

    private void later(long nanos) {
        ours.now += nanos;
        ours.raft.turn();
    }

    /** What was sent since it was asked last, like {@code "2:3-4"}: to n2, entries 3 to 4. */
    private String sent() {
        StringBuilder all = new StringBuilder();
        for (Message message : ours.sent) {
            GroupHeader header = message.getHeader(ours.raft.getId());
            if (header.kind() == MessageKind.APPEND) {
                all.append(all.length() == 0 ? "" : " ").append(((IpAddress) message.getDest()).getPort()).append(':')
                        .append(header.a + 1).append('-').append(ours.lastIndexIn(message));
            }
        }
        ours.sent.clear();
        return all.toString();
    }

    @Test
    void followersTakeTurnsAndEachIsSentWhatCameInMeanwhile() {
        offer();
        assertThat(sent()).isEqualTo("2:3-3");
        offer();
        assertThat(sent()).as("the one served longer ago, with what it lacks").isEqualTo("3:3-4");
        offer();
        offer();
        assertThat(sent()).as("nobody is free").isEmpty();
        assertThat(ours.journal.lastIndex()).isEqualTo(4);
        answer(ours.second, 3);
        assertThat(ours.raft.committed()).isEqualTo(3);
        assertThat(sent()).isEqualTo("2:4-6");
        answer(ours.third, 4);
        assertThat(ours.raft.committed()).isEqualTo(4);
        assertThat(sent()).as("nothing new").isEmpty();
        offer();
        assertThat(sent()).isEqualTo("3:5-7");
    }

    @Test
    void aWholeMessageDoesNotWaitForTheAnswerToTheLastOne() {
        int bytes = ours.raft.config().batchBytes() / 2 + 1000;
        offer(bytes);
        offer(bytes);
        assertThat(sent()).isEqualTo("2:3-3 3:3-3 3:4-4");
        offer(bytes);
        assertThat(sent()).as("two rounds are under way").isEmpty();
        answer(ours.second, 3);
        assertThat(sent()).isEqualTo("2:4-4 2:5-5");
        offer(bytes);
        answer(ours.third, 3);
        assertThat(sent()).isEmpty();
        answer(ours.second, 4);
        assertThat(sent()).as("to the one that lacks a whole message, though it has not answered the last").isEqualTo("3:5-5 3:6-6");
    }

    @Test
    void whoLagsIsSentTheRestALittleLater() {
        offer();
        answer(ours.second, 3);
        assertThat(sent()).isEqualTo("2:3-3");
        assertThat(ours.raft.turn()).as("ns until then").isPositive().isLessThanOrEqualTo(2 * MS);
        later(2 * MS);
        assertThat(sent()).isEqualTo("3:3-3");
    }

    @Test
    void anotherStepsInForOneThatDoesNotAnswer() {
        offer();
        later(2 * MS);
        assertThat(sent()).isEqualTo("2:3-3 3:3-3");
        answer(ours.third, 3);
        assertThat(ours.raft.committed()).isEqualTo(3);
        offer();
        assertThat(sent()).as("not relied on, and served all the same").isEqualTo("3:4-4 2:4-4");
        offer();
        assertThat(sent()).as("a second round to the only one").isEqualTo("3:5-5 2:5-5");
        answer(ours.third, 5);
        answer(ours.second, 5);
        for (int index = 6; index < 40; index++) { // until its one long answer is forgotten
            offer();
            answer(ours.second, index);
            answer(ours.third, index);
        }
        sent();
        offer();
        offer();
        assertThat(sent()).as("in turns again").isIn("2:40-40 3:40-41", "3:40-40 2:40-41");
    }

    @Test
    void oneThatIsFartherAwayIsNotWaitedFor() {
        for (int index = 3; index < 20; index++) {
            offer();
            String asked = " " + sent();
            if (asked.contains(" 2:")) {
                later(100_000);
                answer(ours.second, index);
            }
            if (asked.contains(" 3:")) {
                later(1_000_000);
                answer(ours.third, index);
            }
        }
        for (int index = 20; index < 25; index++) {
            offer();
            assertThat(sent()).as("both at once, the near one first").isEqualTo("2:" + index + "-" + index + " 3:" + index + "-" + index);
            answer(ours.second, index);
            assertThat(ours.raft.committed()).isEqualTo(index);
        }
    }

    @Test
    void bothAreServedAtOnceWhenTheRunnerSleepsForLonger() {
        later(30 * MS);
        ours.sent.clear();
        assertThat(ours.raft.turn()).as("how long the runner means to sleep").isGreaterThan(2 * MS);
        enqueue();
        ours.raft.flush();
        assertThat(sent()).isEqualTo("2:3-3 3:3-3");
        answer(ours.second, 3);
        answer(ours.third, 3);
        enqueue();
        ours.raft.flush();
        assertThat(sent()).as("the runner looks again in time").isEqualTo("2:4-4");
    }

    @Test
    void oneThatRestartsIsAskedWhatItHolds() {
        offer();
        offer();
        assertThat(sent()).isEqualTo("2:3-3 3:3-4");
        Address again = HandDrivenRaft.addressOf("n3", new java.util.Random(7));
        ours.deliver(again, MessageKind.HEARTBEAT_ANSWER, term, false, 0, 0, 0, 0);
        assertThat(sent()).as("and the other stands in").isEqualTo("2:4-4 3:4-4");
    }

    @Test
    void theNewestEntriesAreKeptForMessagesOfAnyLength() {
        RecentEntries recent = new RecentEntries(1 << 10);
        byte[] command = new byte[100];
        int each = command.length + EntryBatch.ENTRY_HEADER_BYTES;
        for (int index = 7; index < 12; index++) {
            recent.add(index, 3, command, 0, command.length);
        }
        assertThat(recent.holds(6)).isFalse();
        assertThat(recent.holds(7)).isTrue();
        assertThat(recent.holds(12)).isFalse();
        assertThat(recent.endOfMessage(8, 2 * each)).isEqualTo(9);
        assertThat(recent.endOfMessage(8, 2 * each - 1)).isEqualTo(8);
        assertThat(recent.endOfMessage(8, 1)).as("at least one").isEqualTo(8);
        assertThat(recent.endOfMessage(8, 1 << 20)).isEqualTo(11);
        assertThat(recent.bytes(8, 9)).isEqualTo(2 * each);
        EntryBatch read = new EntryBatch();
        assertThat(read.wrap(recent.buffer(8), recent.offset(8), recent.bytes(8, 9))).isTrue();
        assertThat(read.count()).isEqualTo(2);
        assertThat(recent.checksum(8, 9)).isEqualTo(read.checksum(recent.buffer(8), recent.offset(8), recent.bytes(8, 9)));
        for (int index = 12; index < 20; index++) {
            recent.add(index, 3, command, 0, command.length);
        }
        assertThat(recent.holds(7)).as("a full run is kept while the next one fills").isTrue();
        assertThat(recent.endOfMessage(15, 1 << 20)).as("a message ends where its run does").isEqualTo(16);
        assertThat(recent.bytesFrom(15)).isEqualTo(5 * each);
        assertThat(recent.bytesFrom(20)).isZero();
        for (int index = 20; index < 28; index++) {
            recent.add(index, 3, command, 0, command.length);
        }
        assertThat(recent.holds(16)).as("the one before is forgotten").isFalse();
        assertThat(recent.holds(17)).isTrue();
        assertThat(recent.endOfMessage(27, 1 << 20)).isEqualTo(27);
        recent.add(30, 3, command, 0, command.length);
        assertThat(recent.holds(27)).as("behind a gap it begins anew").isFalse();
        assertThat(recent.holds(30)).isTrue();
    }
}
