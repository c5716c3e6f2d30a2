package io.holdfast.benchmarks.group;

import io.holdfast.cli.testbed.Machine;
import io.holdfast.cli.testbed.Testbed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Takes the leader away from one group, again and again, and lets it come back. Owned by the main thread. */
final class LeaderLoss implements AutoCloseable {
    private static final long BOUND_MS = 30_000;
    private static final int GROUP_PORT = 7800;
    private static final LoadShape PROBE = new LoadShape(256, 0, 1, 50);

    /** What becomes of the leader. */
    enum Fault {
        /** Its process dies; the kernel ends its connections, which the others notice at once. */
        KILL("kill -9 of the leader's process"),
        /** Its machine falls silent: no packet from it or to it, and nobody is told. */
        LINK("the leader's link goes down");

        private final String title;

        Fault(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    private final Fault fault;
    private final Testbed testbed;
    private final MemberGroup group;

    private LeaderLoss(Fault fault, Testbed testbed, MemberGroup group) {
        this.fault = fault;
        this.testbed = testbed;
        this.group = group;
    }

    /** Members whose machines fall silent have namespaces of their own, on a bridge. */
    static LeaderLoss prepare(Fault fault, Kind kind, Path dir) throws IOException, InterruptedException {
        if (fault == Fault.KILL) {
            return new LeaderLoss(fault, null, MemberGroup.start(kind, Timing.SHARP, FreePorts.onLoopback(), dir, name -> List.of()));
        }
        Testbed testbed = Testbed.create(3);
        try {
            List<MemberPlaces.Place> places = new ArrayList<>();
            for (Machine machine : testbed.machines()) {
                places.add(new MemberPlaces.Place(machine.name(), testbed.layout().nodeAddress(machine.number()), GROUP_PORT));
            }
            return new LeaderLoss(fault, testbed, MemberGroup.start(kind, Timing.SHARP, places, dir,
                    name -> List.of("ip", "netns", "exec", testbed.machine(name).namespace())));
        } catch (IOException | InterruptedException | RuntimeException e) {
            testbed.close();
            throw e;
        }
    }

    /** From the fault to the next leader's first commit; counted from before the command that brings it about. */
    long onceNanos() throws IOException, InterruptedException {
        // All three take part and hold the same before the next one goes.
        if (group.load(PROBE) == null) {
            throw new IOException("no steady leader in the group of " + group.kind().title());
        }
        group.awaitSame();
        MemberProcess leader = group.leader();
        Map<MemberProcess, Integer> said = new LinkedHashMap<>();
        group.running().stream().filter(member -> member != leader).forEach(member -> said.put(member, member.said()));
        long lost = System.nanoTime();
        if (fault == Fault.KILL) {
            leader.kill();
        } else {
            testbed.machine(leader.name()).linkDown();
        }
        long elected = awaitLeader(said);
        if (fault == Fault.KILL) {
            leader.awaitEnd();
            group.start(leader.name());
        } else {
            testbed.machine(leader.name()).linkUp();
        }
        return elected - lost;
    }

    private long awaitLeader(Map<MemberProcess, Integer> said) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BOUND_MS);
        while (System.nanoTime() < deadline) {
            for (Map.Entry<MemberProcess, Integer> each : said.entrySet()) {
                String line = each.getKey().await(each.getValue(), l -> l.startsWith("leads "), 5);
                if (line != null) {
                    return Long.parseLong(line.split(" ")[1]);
                }
            }
        }
        throw new IOException("within " + BOUND_MS + " ms nobody leads the group of " + group.kind().title());
    }

    @Override
    public void close() {
        group.close();
        if (testbed != null) {
            testbed.close();
        }
    }
}
