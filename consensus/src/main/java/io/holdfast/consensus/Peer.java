package io.holdfast.consensus;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;

import io.holdfast.consensus.GroupStatus.PeerProgress;
import org.jgroups.Address;
import org.jgroups.stack.IpAddress;

/** Owned by the runner thread: another member, what was heard of it, and, on the leader, how far it has come. */
final class Peer {
    private static final int MAX_BATCHES = 256;
    private static final int MAX_FORMER = 8;
    private static final int ANSWERS_AVERAGED = 8;

    final Member member;
    final String name;
    /** Where it listens. Messages go to this address, so that a restarted member is reached at once. */
    final IpAddress place;
    /** The address its running process gave itself; learned from its messages. */
    Address address;
    /** Counts in elections and for commits, by the configuration in force. */
    boolean voter;
    /** Leader: sent entries though it does not vote, not yet or no more. */
    boolean served;
    /** Leader: the entry that removed it, which it is still to be told of, until this time; 0: none. */
    long leavingIndex;
    long leavingDeadline;
    boolean heard;
    long heardNanos;

    /** When it was last heard, or its connection given up because it was not. */
    long connectedNanos;

    /** Answered yes in the election under way. */
    boolean granted;
    /** Said with that answer that it may have forgotten entries ({@link Memory}). */
    boolean mayHaveForgotten;

    PeerProgress progress = PeerProgress.NOT_LED;
    long nextIndex;
    long matchIndex;
    long commitIndex;
    long progressNanos;
    /** How long it usually takes to answer entries; 0: not known. */
    long answerNanos;
    /** Set anew by each look of {@link Distribution}: a quick answer is to be expected. */
    boolean inTurns;
    /** Others were sent entries which it was not, since then. */
    boolean lags;
    long lagsSinceNanos;
    /** The snapshot under way to it, or null. */
    OutgoingSnapshot snapshot;
    boolean answeredHeartbeat;
    long answeredSentNanos;
    long heartbeatSentNanos;

    /** Earlier processes of this member: what they still have to say is not what its journal holds now. */
    private final ArrayDeque<Address> former = new ArrayDeque<>(MAX_FORMER);
    /** Leader: holding all up to here, its process holds whatever an earlier one may have acknowledged. */
    private long wholeAt;

    private final long[] batchEnd = new long[MAX_BATCHES];
    private final int[] batchBytes = new int[MAX_BATCHES];
    private final long[] batchNanos = new long[MAX_BATCHES];
    private int firstBatch;
    private int batches;
    private long bytesInFlight;
    private long firstInFlight;

    Peer(Member member) {
        this.member = member;
        this.name = member.name();
        this.place = new IpAddress(new InetSocketAddress(member.address(), member.port()));
    }

    void heardAt(long now, Address from) {
        heard = true;
        heardNanos = now;
        connectedNanos = now;
        if (address != null && !address.equals(from)) {
            if (former.size() == MAX_FORMER) {
                former.removeFirst();
            }
            former.addLast(address);
        }
        address = from;
    }

    boolean wasBefore(Address source) {
        return !source.equals(address) && former.contains(source);
    }

    /** The number of its process if that holds whatever an earlier one may have acknowledged, else 0. */
    long wholeProcess() {
        return address != null && matchIndex >= wholeAt ? Memory.process(address) : 0;
    }

    boolean heardWithin(long nanos, long now) {
        return heard && now - heardNanos <= nanos;
    }

    /** It answered a heartbeat that this leader sent at that moment; answers may come out of order. */
    void answeredHeartbeat(long sentNanos) {
        if (!answeredHeartbeat || sentNanos - answeredSentNanos > 0) {
            answeredHeartbeat = true;
            answeredSentNanos = sentNanos;
        }
    }

    /** A new leadership begins: nothing is known of its journal. */
    void startLed(long next, long now) {
        progress = PeerProgress.PROBING;
        nextIndex = next;
        matchIndex = 0;
        wholeAt = next - 1;
        commitIndex = 0;
        progressNanos = now;
        answeredHeartbeat = false;
        answerNanos = 0;
        lags = false;
        snapshot = null;
        forgetInFlight();
    }

    boolean hasRoom(int windowBytes) {
        if (progress == PeerProgress.PROBING) {
            return batches == 0;
        }
        return batches < MAX_BATCHES && bytesInFlight < windowBytes;
    }

    boolean inFlight() {
        return batches > 0;
    }

    int messagesInFlight() {
        return batches;
    }

    /** Whether it was sent something so long ago and has not answered. */
    boolean late(long nanos, long now) {
        return batches > 0 && now - batchNanos[firstBatch] >= nanos;
    }

    void sent(long lastIndex, int bytes, long now) {
        if (batches == 0) {
            progressNanos = now;
            firstInFlight = nextIndex;
        }
        int slot = (firstBatch + batches) % MAX_BATCHES;
        batchEnd[slot] = lastIndex;
        batchBytes[slot] = bytes;
        batchNanos[slot] = now;
        batches++;
        bytesInFlight += bytes;
        nextIndex = lastIndex + 1;
    }

    /** It holds everything up to this index as this leader does. */
    void acknowledged(long index, long now) {
        if (index > matchIndex) {
            matchIndex = index;
            progressNanos = now;
        }
        while (batches > 0 && batchEnd[firstBatch] <= matchIndex) {
            bytesInFlight -= batchBytes[firstBatch];
            took(now - batchNanos[firstBatch]);
            firstBatch = (firstBatch + 1) % MAX_BATCHES;
            batches--;
            firstInFlight = matchIndex + 1;
        }
        nextIndex = Math.max(nextIndex, matchIndex + 1);
    }

    private void took(long nanos) {
        long sample = Math.max(1, nanos);
        answerNanos = answerNanos == 0 ? sample : answerNanos + (sample - answerNanos) / ANSWERS_AVERAGED;
    }

    /** Starts over from this index, one message at a time until the follower says yes. */
    void probeFrom(long index, long now) {
        progress = PeerProgress.PROBING;
        nextIndex = Math.max(index, matchIndex + 1);
        progressNanos = now;
        forgetInFlight();
    }

    /** The first entry sent and not acknowledged. */
    long resendIndex() {
        return batches > 0 ? firstInFlight : nextIndex;
    }

    void forgetInFlight() {
        firstBatch = 0;
        batches = 0;
        bytesInFlight = 0;
    }
}
