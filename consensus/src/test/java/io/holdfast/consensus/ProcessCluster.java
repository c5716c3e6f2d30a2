package io.holdfast.consensus;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;

import io.holdfast.consensus.security.ClusterKey;

/** Used by the test's thread: members as processes of their own, which can be killed and frozen. */
final class ProcessCluster implements AutoCloseable {
    private final int electionTimeoutMs;
    private final Path directory;
    private final List<Member> members;
    private final Function<String, List<String>> inFront;
    private final Map<String, Child> children = new LinkedHashMap<>();
    private Path keyFile;
    private List<String> moreFlags = List.of("-XX:TieredStopAtLevel=1");

    /** One process and what it has said. */
    static final class Child {
        final String name;
        final Process process;
        private final List<String> lines = new ArrayList<>();
        private final Writer input;

        Child(String name, Process process) {
            this.name = name;
            this.process = process;
            this.input = new OutputStreamWriter(process.getOutputStream());
            Thread reader = new Thread(this::read, "output of " + name);
            reader.setDaemon(true);
            reader.start();
        }

        private void read() {
            try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    synchronized (lines) {
                        lines.add(line);
                        lines.notifyAll();
                    }
                }
            } catch (IOException e) {
                synchronized (lines) {
                    lines.add("output ended: " + e);
                    lines.notifyAll();
                }
            }
        }

        List<String> lines() {
            synchronized (lines) {
                return List.copyOf(lines);
            }
        }

        int said() {
            synchronized (lines) {
                return lines.size();
            }
        }

        /** The first line from number {@code from} on that fits. */
        String await(int from, Predicate<String> fits, long timeoutMs) throws TimeoutException, InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            synchronized (lines) {
                for (int at = from; ; ) {
                    for (; at < lines.size(); at++) {
                        if (fits.test(lines.get(at))) {
                            return lines.get(at);
                        }
                    }
                    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                    if (left <= 0) {
                        throw new TimeoutException(name + " said only " + lines);
                    }
                    lines.wait(left);
                }
            }
        }

        void tell(String command) throws IOException {
            input.write(command + "\n");
            input.flush();
        }

        String ask(String command, String answer) throws IOException, TimeoutException, InterruptedException {
            int from = said();
            tell(command);
            return await(from, l -> l.startsWith(answer), 60_000);
        }

        void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start().waitFor();
        }
    }

    ProcessCluster(int size, Path directory, int electionTimeoutMs) {
        this(TestCluster.places(size), directory, electionTimeoutMs, name -> List.of());
    }

    /** With a command in front of each member's, for instance one that enters its namespace. */
    ProcessCluster(List<Member> members, Path directory, int electionTimeoutMs,
                   Function<String, List<String>> inFront) {
        this.electionTimeoutMs = electionTimeoutMs;
        this.directory = directory;
        this.members = members;
        this.inFront = inFront;
        keyFile = directory.resolve("cluster.key");
        ClusterKey.generate(keyFile);
    }

    /** For members started from now on; null for open traffic. */
    void keyFile(Path file) {
        keyFile = file;
    }

    /** For members started from now on, instead of those that make a short life short. */
    void flags(List<String> flags) {
        moreFlags = List.copyOf(flags);
    }

    List<Member> members() {
        return members;
    }

    Child start(String name) throws IOException, TimeoutException, InterruptedException {
        List<String> command = new ArrayList<>(inFront.apply(name));
        List<String> flagsAndMain = new ArrayList<>(List.of("-Xmx256m"));
        flagsAndMain.addAll(moreFlags);
        flagsAndMain.addAll(List.of(MemberProcess.class.getName(), name, directory.resolve(name).toString(),
                Integer.toString(electionTimeoutMs), keyFile == null ? "none" : keyFile.toString()));
        command.addAll(java(flagsAndMain).command());
        members.forEach(m -> command.add(m.name() + "@" + m.address().getHostAddress() + "@" + m.port()));
        Child child = new Child(name, new ProcessBuilder(command).redirectErrorStream(true).start());
        children.put(name, child);
        child.await(0, l -> l.startsWith("up "), 30_000);
        return child;
    }

    void startAll() throws IOException, TimeoutException, InterruptedException {
        for (Member member : members) {
            start(member.name());
        }
    }

    /** A process of this Java, with this JVM's class path and the flags that Chronicle and JGroups need. */
    static ProcessBuilder java(List<String> flagsAndMain) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(flagsAndMain);
        return new ProcessBuilder(command);
    }

    private static List<String> jvmFlags() {
        return java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--add-") || a.startsWith("-Dchronicle") || a.startsWith("-Djava.net")).toList();
    }

    Child child(String name) {
        return children.get(name);
    }

    List<Child> others(Child one) {
        return children.values().stream().filter(c -> c != one && c.process.isAlive()).toList();
    }

    /** Waits until one of these has said that it leads, from the given lines on. */
    Child awaitLeader(Map<Child, Integer> from, long timeoutMs) throws TimeoutException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (System.nanoTime() < deadline) {
            for (Map.Entry<Child, Integer> entry : from.entrySet()) {
                try {
                    entry.getKey().await(entry.getValue(), l -> l.startsWith("leader "), 5);
                    return entry.getKey();
                } catch (TimeoutException e) {
                    continue; // the next one, until the bound above
                }
            }
        }
        throw new TimeoutException("nobody leads: " + from.keySet().stream().map(Child::lines).toList());
    }

    Map<Child, Integer> saidSoFar(List<Child> of) {
        Map<Child, Integer> said = new LinkedHashMap<>();
        of.forEach(c -> said.put(c, c.said()));
        return said;
    }

    List<Child> running() {
        return children.values().stream().filter(c -> c.process.isAlive()).toList();
    }

    @Override
    public void close() {
        for (Child child : children.values()) {
            child.process.destroyForcibly();
        }
        for (Child child : children.values()) {
            child.process.onExit().join();
        }
    }
}
