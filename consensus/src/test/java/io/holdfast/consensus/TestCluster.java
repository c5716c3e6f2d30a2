package io.holdfast.consensus;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** Used by the test's thread: members of one group on 127.0.0.1. */
final class TestCluster implements AutoCloseable {
    final List<TestMember> members = new CopyOnWriteArrayList<>();
    List<Member> places;
    private Path directory;
    private UnaryOperator<GroupConfig> settings;

    /** Patient members: a busy machine that stops a process for a while starts no election that the test did not ask for. */
    static TestCluster of(int size, Path directory) {
        return of(size, directory, c -> c.withElection(400, 200, 1200));
    }

    static TestCluster of(int size, Path directory, UnaryOperator<GroupConfig> settings) {
        TestCluster cluster = new TestCluster();
        cluster.directory = directory;
        cluster.settings = settings;
        cluster.places = places(size);
        for (Member member : cluster.places) {
            GroupConfig config = settings.apply(closed(member.name(), cluster.places));
            cluster.members.add(new TestMember(config, directory.resolve(member.name())));
        }
        return cluster;
    }

    private static GroupConfig closed(String name, List<Member> members) {
        return GroupConfig.of("test", name, members).withTraffic(TestTraffic.CLOSED);
    }

    /** Starts another one, which knows the first members and is none yet. */
    TestMember join(String name) {
        Member place = places(1).get(0);
        List<Member> known = new ArrayList<>(places);
        known.add(new Member(name, place.address(), place.port()));
        GroupConfig config = settings.apply(closed(name, known)).asJoining();
        TestMember joining = new TestMember(config, directory.resolve(name));
        members.add(joining);
        return joining.start();
    }

    /** Free ports below the range the kernel gives to outgoing connections: a member that restarts must find its own free. */
    static List<Member> places(int size) {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Member> members = new ArrayList<>();
        try {
            for (int i = 1; i <= size; i++) {
                ServerSocket socket = freePort();
                sockets.add(socket);
                members.add(new Member("n" + i, socket.getInetAddress(), socket.getLocalPort()));
            }
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException("no free ports on 127.0.0.1", e);
        }
        return members;
    }

    private static ServerSocket freePort() throws IOException {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
            try {
                return new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"));
            } catch (BindException taken) {
                // another one, then
            }
        }
    }

    TestCluster start() {
        members.forEach(TestMember::start);
        return this;
    }

    TestMember member(String name) {
        return members.stream().filter(m -> m.name.equals(name)).findFirst().orElseThrow();
    }

    /** The member that leads and takes entries, once there is exactly one. */
    TestMember leader() {
        eventually().until(() -> members.stream().filter(TestMember::leads).count() == 1);
        return members.stream().filter(TestMember::leads).findFirst().orElseThrow();
    }

    List<TestMember> followers() {
        TestMember leader = leader();
        return members.stream().filter(m -> m != leader && m.running()).toList();
    }

    static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(2)).atMost(Duration.ofSeconds(20));
    }

    @Override
    public void close() {
        members.forEach(TestMember::close);
    }
}
