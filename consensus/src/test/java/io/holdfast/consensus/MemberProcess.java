package io.holdfast.consensus;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;

import io.holdfast.consensus.security.ClusterKey;
import io.holdfast.consensus.security.ClusterTraffic;
import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.Journal;
import io.holdfast.journal.JournalOptions;
import io.holdfast.journal.VoteStore;

/**
 * Main of a child process: one member, told what to do by lines on standard input, telling what happens on standard
 * output. Times are of {@link System#nanoTime()}, which on Linux all processes of a machine share.
 */
final class MemberProcess implements GroupListener {
    private final PrintStream out;
    private final AtomicLong committed = new AtomicLong();
    private final CRC32 digest = new CRC32();
    private volatile boolean pacing;
    private volatile Thread waiter;
    private volatile long committedNanos;
    private volatile long longestGapNanos;
    private RaftGroup group;

    private MemberProcess(PrintStream out) {
        this.out = out;
    }

    /** Arguments: own name, directory, election timeout in milliseconds, key file or none, members as name@address@port. */
    public static void main(String[] arguments) throws Exception {
        List<Member> members = new ArrayList<>();
        for (String argument : Arrays.copyOfRange(arguments, 4, arguments.length)) {
            String[] parts = argument.split("@");
            members.add(new Member(parts[0], InetAddress.getByName(parts[1]), Integer.parseInt(parts[2])));
        }
        Path directory = Path.of(arguments[1]);
        MemberProcess member = new MemberProcess(System.out);
        int timeoutMs = Integer.parseInt(arguments[2]);
        ClusterTraffic traffic = arguments[3].equals("none") ? ClusterTraffic.OPEN
                : ClusterTraffic.closedBy(ClusterKey.read(Path.of(arguments[3])));
        GroupConfig config = GroupConfig.of("processes", arguments[0], members).withTraffic(traffic)
                .withElection(timeoutMs, timeoutMs / 3, timeoutMs * 5 / 2);
        try (Journal journal = Journal.open(directory, JournalOptions.DEFAULT); VoteStore votes = VoteStore.open(directory);
             RaftGroup group = RaftGroup.join(config, journal, votes, member)) {
            member.group = group;
            member.say("up " + ProcessHandle.current().pid());
            member.obey();
        }
        System.exit(0);
    }

    private synchronized void say(String line) {
        out.println(line);
        out.flush();
    }

    private void obey() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "status" -> say(status());
                case "offer" -> say("offered " + offer(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                case "time" -> say("timed " + time(Integer.parseInt(words[1]), Integer.parseInt(words[2])));
                case "pace" ->
                        new Thread(() -> pace(Integer.parseInt(words[1]), Integer.parseInt(words[2])), "pace").start();
                case "flood" -> 
                        new Thread(() -> flood(Integer.parseInt(words[1]), Integer.parseInt(words[2])), "flood").start();
                case "stop" -> pacing = false;
                case "close" -> {
                    return;
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
    }

    private String status() {
        GroupStatus status = group.status();
        synchronized (digest) {
            return "status " + status.role() + " " + status.term() + " " + status.leader() + " " + status.commitIndex() + " "
                    + committed.get() + " " + digest.getValue() + " " + status.lastIndex();
        }
    }

    /** Offers entries as fast as they are taken; returns how many were taken before the lead was lost. */
    private int offer(int count, int size) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[size]);
        for (int i = 0; i < count; i++) {
            while (!group.offer(command, 0, command.length)) {
                if (group.role() != Role.LEADER) {
                    return i;
                }
                LockSupport.parkNanos(50_000);
            }
        }
        return count;
    }

    /** One entry at a time: from the offer to the listener's call, p50, p90 and p99 in nanoseconds. */
    private String time(int count, int size) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[size]);
        long[] nanos = new long[count];
        waiter = Thread.currentThread();
        for (int i = 0; i < count; i++) {
            long before = committed.get();
            long start = System.nanoTime();
            if (!group.offer(command, 0, command.length)) {
                return "not the leader";
            }
            while (committed.get() == before) {
                LockSupport.parkNanos(1_000_000);
            }
            nanos[i] = committedNanos - start;
        }
        waiter = null;
        Arrays.sort(nanos);
        return nanos[count / 2] + " " + nanos[count * 9 / 10] + " " + nanos[count * 99 / 100];
    }

    /** Offers so many entries a second until it is told to stop. */
    private void pace(int aSecond, int size) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[size]);
        long start = System.nanoTime();
        pacing = true;
        int offered = 0;
        for (int i = 0; pacing; i++) {
            long due = start + i * 1_000_000_000L / aSecond;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            offered += group.offer(command, 0, command.length) ? 1 : 0;
        }
        say("paced " + offered);
    }

    /**
     * Offers entries as fast as they are taken, so many in flight, until it is told to stop, or follows. Tells the longest
     * time without a commit.
     */
    private void flood(int size, int inFlight) {
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[size]);
        committedNanos = System.nanoTime();
        longestGapNanos = 0;
        pacing = true;
        long taken = 0;
        long from = committed.get();
        while (pacing && group.role() == Role.LEADER) {
            if (taken - (committed.get() - from) < inFlight && group.offer(command, 0, command.length)) {
                taken++;
            } else {
                LockSupport.parkNanos(50_000);
            }
        }
        pacing = false;
        say("flooded " + taken + " " + longestGapNanos);
    }

    @Override
    public void onLeader(long term) {
        say("leader " + term + " " + System.nanoTime() + " " + group.electedNanos() + " " + group.previousLeaseBoundNanos());
    }

    @Override
    public void onFollower(long term, String leader) {
        say("follower " + term + " " + leader + " " + System.nanoTime());
    }

    @Override
    public void onCommitted(long index, long term, byte[] command, int offset, int length) {
        synchronized (digest) {
            digest.update(command, offset, length);
            long now = System.nanoTime();
            if (pacing) {
                longestGapNanos = Math.max(longestGapNanos, now - committedNanos);
            }
            committedNanos = now;
            committed.set(index);
        }
        if (waiter != null) {
            LockSupport.unpark(waiter);
        }
    }

    @Override
    public void onLeaseEvidence(long term, long sentNanos) {
        // Not of interest here.
    }

    @Override
    public void onFailure(Throwable cause) {
        say("failure " + cause);
    }
}
