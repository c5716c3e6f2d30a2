package io.holdfast.benchmarks.group;

import io.holdfast.cli.testbed.JavaCommand;
import io.holdfast.consensus.security.ClusterKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Three members as processes of their own. Owned by the main thread. */
final class MemberGroup implements AutoCloseable {
    /** Aeron's buffers need what is opened. */
    private static final List<String> JVM_FLAGS = List.of("-Xms256m", "-Xmx256m", "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-Dlogback.configurationFile=io/holdfast/benchmarks/group/logback.xml");
    /** As a node has them (tools/cli/src/main/launcher/node.flags), where a member stands for one and is not compared with others. */
    private static final List<String> NODE_FLAGS = List.of("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData");
    private static final long START_MS = 60_000;
    private static final long LEADER_NANOS = 60_000_000_000L;

    private final Kind kind;
    private final Timing timing;
    private final List<MemberPlaces.Place> places;
    private final Path dir;
    private final Function<String, List<String>> inFront;
    private final Map<String, MemberProcess> members = new LinkedHashMap<>();

    /** {@code inFront}: a command in front of each member's, for instance one that enters its namespace. */
    private MemberGroup(Kind kind, Timing timing, List<MemberPlaces.Place> places, Path dir, Function<String, List<String>> inFront) {
        this.kind = kind;
        this.timing = timing;
        this.places = places;
        this.dir = dir;
        this.inFront = inFront;
    }

    static MemberGroup start(Kind kind, Timing timing, List<MemberPlaces.Place> places, Path dir,
            Function<String, List<String>> inFront) throws IOException, InterruptedException {
        MemberGroup group = new MemberGroup(kind, timing, places, Files.createDirectories(dir), inFront);
        if (kind.isClosed()) {
            ClusterKey.generate(dir.resolve(HoldfastContender.KEY_FILE));
        }
        try {
            for (MemberPlaces.Place place : places) {
                group.start(place.name());
            }
            return group;
        } catch (IOException | InterruptedException | RuntimeException e) {
            group.close();
            throw e;
        }
    }

    MemberProcess start(String name) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of(kind.name(), timing.name(), name,
                Files.createDirectories(dir.resolve(name)).toString()));
        places.forEach(place -> arguments.add(place.text()));
        List<String> command = new ArrayList<>(inFront.apply(name));
        List<String> flags = new ArrayList<>(JVM_FLAGS);
        if (kind == Kind.HOLDFAST_DISK) {
            flags.addAll(NODE_FLAGS);
        }
        command.addAll(JavaCommand.of(flags, MemberMain.class.getName(), arguments));
        Path log = dir.resolve(name + ".log");
        MemberProcess member = new MemberProcess(name, new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())).start());
        members.put(name, member);
        if (member.await(0, "up"::equals, START_MS) == null) {
            throw new IOException("member " + name + " of " + kind.title() + " does not start:\n" + Files.readString(log));
        }
        return member;
    }

    /** The one that leads, once there is exactly one. */
    MemberProcess leader() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LEADER_NANOS;
        while (System.nanoTime() < deadline) {
            List<MemberProcess> leaders = new ArrayList<>();
            for (MemberProcess member : running()) {
                if (member.leads()) {
                    leaders.add(member);
                }
            }
            if (leaders.size() == 1) {
                return leaders.get(0);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new IOException("nobody leads the group of " + kind.title());
    }

    /** By what they are here. */
    Map<String, List<Long>> processes() throws IOException, InterruptedException {
        MemberProcess leader = leader();
        return Map.of("leader", List.of(leader.pid()), "others",
                running().stream().filter(member -> member != leader).map(MemberProcess::pid).toList());
    }

    /** The same member every time unless another leads by now; null when the lead was lost on the way. */
    LoadOutcome load(LoadShape shape) throws IOException, InterruptedException {
        return load(leader(), shape);
    }

    /** The same, of the member that leads. Any thread, if no other asks this member meanwhile. */
    static LoadOutcome load(MemberProcess leader, LoadShape shape) throws IOException, InterruptedException {
        String[] answer = leader.ask("load " + shape.text(), "loaded", "lost");
        return answer[0].equals("lost") ? null : LoadOutcome.parse(answer, 1);
    }

    /** All members have seen the newest entry committed. */
    void awaitSame() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LEADER_NANOS;
        Set<String> seen = new HashSet<>();
        while (System.nanoTime() < deadline) {
            seen.clear();
            for (MemberProcess member : running()) {
                seen.add(member.ask("newest", "newest")[1]);
            }
            if (seen.size() == 1 && running().size() == places.size()) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new IOException("members of " + kind.title() + " do not catch up: " + seen);
    }

    List<MemberProcess> running() {
        return members.values().stream().filter(MemberProcess::running).toList();
    }

    /** For whoever asks why. */
    void printLogs(PrintWriter out) throws IOException {
        for (MemberPlaces.Place place : places) {
            out.println(place.name() + " said:");
            Files.readAllLines(dir.resolve(place.name() + ".log")).forEach(out::println);
        }
    }

    Kind kind() {
        return kind;
    }

    @Override
    public void close() {
        members.values().forEach(MemberProcess::kill);
        members.values().forEach(MemberProcess::awaitEnd);
    }
}
