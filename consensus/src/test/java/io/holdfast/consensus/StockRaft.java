package io.holdfast.consensus;

import java.io.DataInput;
import java.io.DataOutput;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.EmptyMessage;
import org.jgroups.Event;
import org.jgroups.Message;
import org.jgroups.ObjectMessage;
import org.jgroups.View;
import org.jgroups.protocols.raft.AppendEntriesRequest;
import org.jgroups.protocols.raft.AppendEntriesResponse;
import org.jgroups.protocols.raft.AppendResult;
import org.jgroups.protocols.raft.Log;
import org.jgroups.protocols.raft.LogEntries;
import org.jgroups.protocols.raft.LogEntry;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.raft.StateMachine;
import org.jgroups.stack.Protocol;
import org.jgroups.stack.ProtocolStack;

/** Owned by the test's thread: jgroups-raft's own class on our journal, message by message, to show what it does. */
final class StockRaft implements AutoCloseable {
    final Journal journal;
    final VoteStore votes;
    final RAFT raft;
    final List<Message> sent = new CopyOnWriteArrayList<>(); // its own threads send too
    final List<String> applied = new ArrayList<>();
    final Address self;
    final Address second;
    final Address third;

    StockRaft(Path directory, long... terms) {
        this(directory, new RAFT(), terms);
    }

    StockRaft(Path directory, RAFT stock, long... terms) {
        this(directory, stock, null, terms);
    }

    /** On a log of the library's own, unless it is null. */
    StockRaft(Path directory, RAFT stock, Log log, long... terms) {
        journal = journalOf(directory, terms);
        votes = VoteStore.open(directory);
        if (terms.length > 0) {
            votes.save(terms[terms.length - 1], null);
        }
        Random random = new Random(1);
        self = HandDrivenRaft.addressOf("n1", random);
        second = HandDrivenRaft.addressOf("n2", random);
        third = HandDrivenRaft.addressOf("n3", random);
        raft = stock;
        raft.raftId("n1").members(List.of("n1", "n2", "n3")).synchronous(true).log(log != null ? log : new JournalLog(journal, votes))
                .stateMachine(new Applied());
        raft.setId((short) 521);
        raft.setAddress(self);
        raft.setProtocolStack(new ProtocolStack());
        raft.setDownProtocol(new Protocol() {
            @Override
            public Object down(Message message) {
                sent.add(message);
                return null;
            }

            @Override
            public Object down(Event event) {
                return null;
            }
        });
        try {
            raft.init();
            raft.start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        raft.handleView(View.create(self, 1, self, second, third));
    }

    /** A journal whose entries have these terms. */
    static Journal journalOf(Path directory, long... terms) {
        Journal journal = Journal.open(directory, JournalOptions.DEFAULT.withBlockBytes(1 << 20));
        for (long term : terms) {
            byte[] command = command("of term " + term);
            journal.append(term, false, command, 0, command.length);
        }
        return journal;
    }

    static byte[] command(String body) {
        return Command.encode(EntryKind.EVENT, 0, 1, body.getBytes());
    }

    void appendEntries(Address leader, long term, long previousIndex, long previousTerm, long commit, LogEntries entries) {
        long entryTerm = entries == null ? term : entries.iterator().next().term();
        raft.up(new ObjectMessage(self, entries).setSrc(leader).putHeader(raft.getId(),
                new AppendEntriesRequest(leader, term, previousIndex, previousTerm, entryTerm, commit)));
    }

    static LogEntries entries(long term, String... bodies) {
        LogEntries entries = new LogEntries();
        for (String body : bodies) {
            byte[] command = command(body);
            entries.add(new LogEntry(term, command, 0, command.length));
        }
        return entries;
    }

    void answer(Address follower, long term, AppendResult result) {
        raft.up(new EmptyMessage(self).setSrc(follower).putHeader(raft.getId(), new AppendEntriesResponse(term, result)));
    }

    /** What the last message says: the answer of a follower as text, since the stock class hides its fields. */
    String lastSent() {
        return sent.get(sent.size() - 1).getHeader(raft.getId()).toString();
    }

    @Override
    public void close() {
        raft.stop();
        votes.close();
        journal.close();
    }

    private final class Applied implements StateMachine {
        @Override
        public byte[] apply(byte[] data, int offset, int length, boolean serializeResponse) {
            applied.add(new String(Arrays.copyOfRange(data, offset + Command.HEADER_BYTES, offset + length)));
            return null;
        }

        @Override
        public void readContentFrom(DataInput in) {
            applied.clear(); // a snapshot of nothing
        }

        @Override
        public void writeContentTo(DataOutput out) {
            throw new IllegalStateException("no snapshot is asked for");
        }
    }
}
