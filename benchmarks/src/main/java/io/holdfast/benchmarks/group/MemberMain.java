package io.holdfast.benchmarks.group;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * Main of a child process: one member, told what to do by lines on standard input, telling what happens on standard
 * output. Owned by the main thread; contenders report from theirs. It ends when its input does.
 */
final class MemberMain implements Contender.Events {
    private final EntryLoad load = new EntryLoad();
    private final PrintStream out = System.out;
    private final CollectionPauses pauses = CollectionPauses.watch();
    private volatile long newest;

    private MemberMain() {
    }

    /** Arguments: kind, timing, own name, directory, members as name@address@port. */
    public static void main(String... arguments) throws Exception {
        MemberPlaces places = MemberPlaces.parse(arguments[2], Arrays.copyOfRange(arguments, 4, arguments.length));
        MemberMain main = new MemberMain();
        Contender contender = Kind.valueOf(arguments[0]).join(places, Path.of(arguments[3]), Timing.valueOf(arguments[1]), main);
        main.say("up");
        main.obey(contender);
        Runtime.getRuntime().halt(0);
    }

    private synchronized void say(String line) {
        out.println(line);
        out.flush();
    }

    private void obey(Contender contender) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "newest" -> say("newest " + newest);
                case "vitals" -> say("vitals " + new Vitals(contender.term(), contender.takeLongestSilenceNanos(),
                        pauses.taken()).text());
                case "collect" -> {
                    collectEvery(Long.parseLong(words[1]));
                    say("collecting");
                }
                case "role" -> say("role " + contender.leading());
                case "load" -> {
                    LoadOutcome outcome = load.run(contender, LoadShape.parse(words, 1));
                    say(outcome == null ? "lost" : "loaded " + outcome.text());
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
    }

    /** Full collections, as long as the process lives. */
    private static void collectEvery(long millis) {
        Thread collecting = new Thread(() -> {
            while (true) {
                System.gc();
                LockSupport.parkNanos(millis * 1_000_000);
            }
        }, "collect");
        collecting.setDaemon(true);
        collecting.start();
    }

    @Override
    public void committed(byte[] entry, int offset, int length) {
        newest = EntryLoad.sequence(entry, offset, length);
        load.committed(entry, offset, length);
    }

    /** The time is of {@link System#nanoTime()}, which on Linux all processes of a machine share. */
    @Override
    public void leads() {
        say("leads " + System.nanoTime());
    }
}
