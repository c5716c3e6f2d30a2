package io.holdfast.node.service;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What committed entries say about checkpoints and takeovers; every node has the same. Written by the Raft runner,
 * read by any thread, guarded by its own lock.
 */
final class ServiceHistory {
    private static final int CHECKPOINTS_REMEMBERED = 64;

    private final List<ReadyCheckpoint> ready = new ArrayList<>();
    private Takeover last;
    private long connectionsClosed;
    private final TreeMap<Long, Record> marks = new TreeMap<>();
    private final Map<String, Integer> adminPorts = new LinkedHashMap<>();
    private boolean leaseReturned;
    private long termWithFreeLease = -1;

    /**
     * A committed ready checkpoint.
     *
     * @param readyIndex  index of the ready entry
     * @param epochNanos  when it was proposed
     * @param body        of the entry
     */
    record ReadyCheckpoint(long readyIndex, long epochNanos, EntryBodies.Ready body) {
    }

    /**
     * A takeover as far as it is journaled.
     *
     * @param node          that takes over
     * @param term          its term
     * @param startedNanos  epoch nanoseconds of the first step's entry
     * @param stepsMs       step to milliseconds since the step before
     * @param details       step to its line for people
     * @param counts        what its steps counted, by the names of {@link EntryBodies.Step}
     */
    record Takeover(String node, long term, long startedNanos, Map<TakeoverStep, Double> stepsMs,
                    Map<TakeoverStep, String> details, Map<String, Long> counts) {
    }

    /**
     * All of it as of one mark; part of a snapshot.
     *
     * @param ready ready checkpoints, oldest first
     * @param last  the last takeover, or null
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Record(List<ReadyCheckpoint> ready, Takeover last, long connectionsClosed, Map<String, Integer> adminPorts) {
    }

    /** Runner thread: one committed entry. Packets are not passed here. */
    void onCommitted(long index, long term, EntryKind kind, byte[] command, int offset, int length) {
        switch (kind) {
            case MARK -> rememberMark(index);
            case TERM_START -> beginTerm(term);
            case EVENT -> addEvent(EntryBodies.body(command, offset, length, EntryBodies.Event.class));
            case CHECKPOINT_READY -> addReady(new ReadyCheckpoint(index, Command.epochNanos(command, offset),
                    EntryBodies.body(command, offset, length, EntryBodies.Ready.class)));
            case TAKEOVER_STEP -> addStep(Command.epochNanos(command, offset),
                    EntryBodies.body(command, offset, length, EntryBodies.Step.class));
            case CONNECTION_CLOSED -> addClosed();
            default -> {
                // The other kinds carry nothing that is kept here.
            }
        }
    }

    private synchronized void rememberMark(long index) {
        marks.put(index, new Record(List.copyOf(ready), lastTakeover(), connectionsClosed, Map.copyOf(adminPorts)));
        if (marks.size() > CHECKPOINTS_REMEMBERED) {
            marks.remove(marks.firstKey());
        }
    }

    /** What it was when this mark was committed; null when that is too long ago. */
    synchronized Record asOf(long markIndex) {
        return marks.get(markIndex);
    }

    /** Runner thread: instead of everything that entries said so far. */
    synchronized void restore(Record record) {
        ready.clear();
        ready.addAll(record.ready());
        last = record.last();
        connectionsClosed = record.connectionsClosed();
        adminPorts.clear();
        adminPorts.putAll(record.adminPorts());
        marks.clear();
        leaseReturned = false; // whoever takes a mark holds the lease
    }

    private synchronized void addReady(ReadyCheckpoint checkpoint) {
        ready.add(checkpoint);
        if (ready.size() > CHECKPOINTS_REMEMBERED) {
            ready.remove(0);
        }
    }

    private synchronized void addStep(long epochNanos, EntryBodies.Step step) {
        if (last == null || last.term() != step.term()) {
            last = new Takeover(step.node(), step.term(), epochNanos, new LinkedHashMap<>(), new LinkedHashMap<>(),
                    new LinkedHashMap<>());
        }
        last.counts().putAll(step.counts());
        last.stepsMs().put(step.step(), step.elapsedMs());
        last.details().put(step.step(), step.detail());
    }

    private synchronized void addClosed() {
        connectionsClosed++;
    }

    /** Whoever leads it may take the lease, said or not: what the one before said of its own holds for this term alone. */
    private synchronized void beginTerm(long term) {
        termWithFreeLease = leaseReturned ? term : -1;
        leaseReturned = false;
    }

    private synchronized void addEvent(EntryBodies.Event event) {
        if (event.what().equals(EntryBodies.Event.LEASE_RETURNED)) {
            leaseReturned = true;
        } else if (event.what().equals(EntryBodies.Event.LEASE_RETAKEN)) {
            leaseReturned = false;
        } else if (event.what().equals(EntryBodies.Event.MEMBER_PLACE)) {
            adminPorts.put(event.node(), Integer.parseInt(event.detail().substring(event.detail().lastIndexOf(':') + 1)));
        }
    }

    /** Port of the admin endpoint of a node that was added at run time, or null. */
    synchronized Integer adminPort(String member) {
        return adminPorts.get(member);
    }

    /**
     * Whether the primary of the term before had given its lease back, for good, before this term began. A leader whose
     * term left no entry never held one: it is granted behind the term's first committed entry.
     */
    synchronized boolean leaseIsFree(long term) {
        return termWithFreeLease == term;
    }

    /** Ready checkpoints, newest first. */
    synchronized List<ReadyCheckpoint> readyNewestFirst() {
        List<ReadyCheckpoint> found = new ArrayList<>(ready);
        Collections.reverse(found);
        return found;
    }

    /** The newest ready checkpoint, null when there is none. */
    synchronized ReadyCheckpoint newestReady() {
        return ready.isEmpty() ? null : ready.get(ready.size() - 1);
    }

    /** A copy of the last takeover, null when there was none. */
    synchronized Takeover lastTakeover() {
        return last == null ? null : new Takeover(last.node(), last.term(), last.startedNanos(),
                new LinkedHashMap<>(last.stepsMs()), new LinkedHashMap<>(last.details()),
                new LinkedHashMap<>(last.counts()));
    }

    /** Connections closed on purpose since the journal began. */
    synchronized long connectionsClosed() {
        return connectionsClosed;
    }
}
