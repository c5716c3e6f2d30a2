package io.holdfast.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.holdfast.journal.JournalException;
import io.holdfast.journal.TinyFileSystem;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.BytesMessage;
import org.jgroups.Message;
import org.jgroups.ObjectMessage;
import org.jgroups.protocols.raft.AppendResult;
import org.jgroups.protocols.raft.AppendResult.Result;
import org.jgroups.protocols.raft.FileBasedLog;
import org.jgroups.protocols.raft.InMemoryLog;
import org.jgroups.protocols.raft.InstallSnapshotRequest;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.PersistentState;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.raft.Options;
import org.jgroups.util.ByteArrayDataOutputStream;
import org.jgroups.util.UUID;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What jgroups-raft 1.1.4 does with storage, snapshots, reads and commits, beside ours; as {@link StockDefectsTest}. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StockStorageDefectsTest {
    @TempDir
    Path directory;

    /** A leader whose disk refuses an entry has not got it, and must not have it elsewhere under its name (I7). */
    @Nested
    class AFailedAppendIsSentToNobodyAndEndsTheMember {
        @Test
        void stockSendsTheEntryFirstAndGoesOnAfterTheFailure() {
            try (StockRaft stock = new StockRaft(directory, 1)) {
                stock.raft.setLeaderAndTerm(stock.self, 2);
                stock.raft.synchronous(false);
                stock.sent.clear();
                stock.journal.failed(new IOException("disk full"));
                byte[] command = StockRaft.command("lost");
                stock.raft.setAsync(command, 0, command.length, new Options());
                TestCluster.eventually().until(() -> stock.sent.size() == 1);
                stock.raft.setAsync(command, 0, command.length, new Options());
                TestCluster.eventually().until(() -> stock.sent.size() == 2);
                assertThat(stock.sent).allMatch(m -> ((LogEntries) ((ObjectMessage) m).getObject()).size() == 1);
                assertThat(stock.journal.lastIndex()).as("it has neither").isEqualTo(1);
                assertThat(stock.raft.leader()).as("and leads on").isEqualTo(stock.self);
            }
        }

        @Test
        void oursSendsNothingAndStops() {
            try (HandDrivenMember ours = leading()) {
                ours.sent.clear();
                ours.journal.failed(new IOException("disk full"));
                byte[] command = StockRaft.command("lost");
                assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
                assertThatThrownBy(ours.raft::turn).isInstanceOf(JournalException.class); // the runner ends by it
                assertThat(ours.sent(MessageKind.APPEND)).isEmpty();
            }
        }
    }

    /** Figure 2: currentTerm increases monotonically, and is persistent. */
    @Nested
    class TheTermNeverGoesBack {
        @Test
        void stockLogTakesItFromTheEntriesAndGoesOnAfterAFailedWrite() throws Exception {
            FileBasedLog log = new FileBasedLog();
            log.init(directory.resolve("stock").toString(), Map.of());
            log.currentTerm(5);
            log.append(1, StockRaft.entries(1, "of term 1"));
            assertThat(log.currentTerm()).as("as if it had never voted in 5").isEqualTo(1);
            log.currentTerm(5);
            log.deleteAllEntriesStartingFrom(1);
            assertThat(log.currentTerm()).as("of the entries left").isLessThan(5);
            Thread.currentThread().interrupt(); // closes the file the next call writes to
            assertThatCode(() -> log.append(1, StockRaft.entries(1, "not written"))).as("an IOException is printed")
                    .doesNotThrowAnyException();
            assertThat(Thread.interrupted()).isTrue();
        }

        @Test
        void oursKeepsItApart() {
            try (HandDrivenMember ours = new HandDrivenMember(directory)) {
                ours.votes.save(5, null);
                JournalLog log = new JournalLog(ours.journal, ours.votes);
                log.append(1, StockRaft.entries(1, "of term 1"));
                assertThat(log.currentTerm()).isEqualTo(5);
                log.deleteAllEntriesStartingFrom(1);
                assertThat(log.currentTerm()).isEqualTo(5);
                ours.journal.failed(new IOException("disk full"));
                assertThatThrownBy(() -> log.append(1, StockRaft.entries(1, "not written")))
                        .isInstanceOf(JournalException.class);
            }
        }
    }

    /** Figure 2: votedFor is persistent, updated on stable storage before the answer; its disk fails as each force would tell. */
    @Nested
    class AVoteIsForcedBeforeItIsGiven {
        @Test
        void stockForcesTheTermAndNotTheVote() throws Exception {
            try (TinyFileSystem disk = TinyFileSystem.failingWriteBack(directory.resolve("disk"), 12 << 20)) {
                FileBasedLog log = new FileBasedLog();
                log.useFsync(true);
                log.init(disk.dir().resolve("stock").toString(), Map.of());
                log.currentTerm(5);
                disk.failNow();
                Address candidate = UUID.randomUUID();
                assertThatCode(() -> log.votedFor(candidate)).as("given, as if all was well").doesNotThrowAnyException();
                assertThat(log.votedFor()).isEqualTo(candidate);
                try (FileChannel file = FileChannel.open(disk.dir().resolve("stock/metadata.raft"), StandardOpenOption.WRITE)) {
                    assertThatThrownBy(() -> file.force(true)).as("it has not been written back").isInstanceOf(IOException.class);
                }
                assertThatThrownBy(() -> log.currentTerm(6)).as("a term is forced").hasStackTraceContaining("msync");
            }
        }

        @Test
        void oursGivesNone() throws IOException {
            try (TinyFileSystem disk = TinyFileSystem.failingWriteBack(directory.resolve("disk"), 12 << 20);
                    VoteStore votes = VoteStore.open(disk.dir().resolve("ours"))) {
                votes.save(5, null);
                disk.failNow();
                assertThatThrownBy(() -> votes.save(5, "n1")).isInstanceOf(JournalException.class)
                        .hasMessageContaining("cannot store the vote");
                assertThat(votes.votedFor()).isNull();
                assertThatThrownBy(() -> votes.save(5, "n1")).as("nor ever again (I7)").isInstanceOf(JournalException.class)
                        .hasMessageContaining("has stopped");
            }
        }
    }

    /** Figure 13: a snapshot that is no news changes nothing; a follower's commit index never goes back. */
    @Nested
    class ALateSnapshotTakesNothingBack {
        @Test
        void stockThrowsAwayWhatWasCommittedBehindIt() throws Exception {
            InMemoryLog log = new InMemoryLog();
            log.init("late snapshot", Map.of());
            try (StockRaft stock = new StockRaft(directory, new RAFT(), log)) {
                stock.appendEntries(stock.second, 2, 0, 0, 3, StockRaft.entries(2, "one", "two", "three"));
                assertThat(stock.raft.commitIndex()).isEqualTo(3);
                ByteArrayDataOutputStream state = new ByteArrayDataOutputStream();
                PersistentState members = new PersistentState();
                members.setMembers(List.of("n1", "n2", "n3"));
                members.writeTo(state);
                stock.raft.up(new BytesMessage(stock.self, state.buffer(), 0, state.position()).setSrc(stock.second)
                        .putHeader(stock.raft.getId(), new InstallSnapshotRequest(2, stock.second, 1, 2)));
                assertThat(stock.raft.commitIndex()).as("after 3").isEqualTo(1);
                assertThat(stock.raft.lastAppended()).isEqualTo(1);
            } finally {
                log.delete();
            }
        }

        @Test
        void oursKeepsIt() {
            try (HandDrivenMember ours = new HandDrivenMember(directory)) {
                ours.append(ours.second, 2, 0, 0, 3, 2, "one", "two", "three");
                assertThat(ours.raft.committed()).isEqualTo(3);
                Message late = Outbox.snapshotMessage(null, new byte[100]);
                ours.raft.up(late.setSrc(ours.second).putHeader(ours.raft.getId(),
                        new GroupHeader(MessageKind.SNAPSHOT, 2, true, 1, 2, 0, 100)));
                ours.raft.turn();
                assertThat(ours.last(MessageKind.SNAPSHOT_ANSWER).granted()).isTrue();
                assertThat(ours.raft.committed()).isEqualTo(3);
                assertThat(ours.journal.lastIndex()).isEqualTo(3);
                assertThat(ours.applied).hasSize(3);
            }
        }
    }

    /** Section 8: a leader knows what is committed only when an entry of its own term is, and that it leads only by answers. */
    @Nested
    class NobodyIsToldAStateThatMayBeOld {
        @Test
        void stockReadsBeforeItKnowsWhatItsPredecessorCommitted() throws Exception {
            try (StockRaft stock = new StockRaft(directory, 1, 2)) {
                stock.raft.setLeaderAndTerm(stock.self, 4);
                byte[] question = StockRaft.command("read");
                CompletableFuture<byte[]> read = stock.raft.getAsync(question, 0, question.length, new Options());
                stock.answer(stock.second, 4, new AppendResult(Result.OK, 0));
                assertThat(read).as("with entries 1 and 2 not applied").isCompleted();
                assertThat(stock.applied).containsExactly("read");
            }
        }

        /** Ours has no reads; what it tells is that it leads, and the evidence of it, from which the lease is counted. */
        @Test
        void oursTellsNothingBefore() {
            try (HandDrivenMember ours = new HandDrivenMember(directory, 1, 2)) {
                ours.becomeLeader();
                ours.deliver(ours.second, MessageKind.HEARTBEAT_ANSWER, 3, true, ours.now, 0, 0, 2);
                assertThat(ours.told).doesNotContain("leader 3");
                assertThat(ours.evidence).isEmpty();
                ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 3, true, 3, 0, 0, 3);
                assertThat(ours.applied).as("and its own first entry").hasSize(3).startsWith("of term 1", "of term 2");
                assertThat(ours.told).last().isEqualTo("leader 3");
                assertThat(ours.evidence).isNotEmpty();
            }
        }
    }

    /** Figure 2: the leader's commit index travels with entries and heartbeats. */
    @Nested
    class ACommitCostsNoMessageOfItsOwn {
        private static final int ENTRIES = 20;

        @Test
        void stockSendsOneToEachFollowerOnEachAnswerWhenAskedToCommitAtOnce() throws Exception {
            try (StockRaft stock = new StockRaft(directory, 1)) {
                stock.raft.sendCommitsImmediately(true);
                stock.raft.setLeaderAndTerm(stock.self, 2);
                stock.sent.clear();
                for (int index = 2; index < 2 + ENTRIES; index++) {
                    byte[] command = StockRaft.command("entry");
                    stock.raft.setAsync(command, 0, command.length, new Options());
                    stock.answer(stock.second, 2, new AppendResult(Result.OK, index));
                    stock.answer(stock.third, 2, new AppendResult(Result.OK, index));
                }
                long commits = stock.sent.stream().filter(m -> ((ObjectMessage) m).getObject() == null).count();
                assertThat(commits).as("beside the entries").isGreaterThanOrEqualTo(3 * ENTRIES);
            }
        }

        @Test
        void oursSendsEntriesOnly() {
            try (HandDrivenMember ours = leading()) {
                ours.deliver(ours.third, MessageKind.APPEND_ANSWER, 2, true, 2, 0, 0, 2);
                ours.sent.clear();
                for (int index = 3; index < 3 + ENTRIES; index++) {
                    byte[] command = StockRaft.command("entry");
                    assertThat(ours.raft.enqueue(command, 0, command.length)).isTrue();
                    ours.raft.turn();
                    ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, true, index, 0, 0, index);
                    ours.deliver(ours.third, MessageKind.APPEND_ANSWER, 2, true, index, 0, 0, index);
                    assertThat(ours.raft.committed()).isEqualTo(index);
                }
                assertThat(ours.sent).as("one of the two is enough").hasSize(ENTRIES).allMatch(ours::isAppend);
            }
        }
    }

    /** A leader of term 2 whose first entry, with index 2, is committed. */
    private HandDrivenMember leading() {
        HandDrivenMember ours = new HandDrivenMember(directory, 1);
        ours.becomeLeader();
        ours.deliver(ours.second, MessageKind.APPEND_ANSWER, 2, true, 2, 0, 0, 2);
        return ours;
    }
}
