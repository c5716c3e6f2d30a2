package io.holdfast.benchmarks;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who worked how long between two moments, by role of the process and name of the thread. Immutable.
 *
 * <p>Time on a CPU comes from schedstat in nanoseconds, the share of it inside the kernel from the ticks of stat
 * (proc(5), sched-stats.rst). What interrupts did counts for whoever they interrupted.
 */
public final class CpuShares {

    /** Columns of stat, counted behind the name, which may hold anything: user and system time. */
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;
    private static final double SHOWN_MICROS = 0.1;

    /** As HotSpot names its threads, cut to what the kernel keeps of a name. */
    private static final Set<String> COMPILERS = Set.of("C1 CompilerThre", "C2 CompilerThre");

    private record Thread(String role, String name, long id) {
    }

    private record Used(long nanos, long userTicks, long systemTicks) {

        Used plus(Used other) {
            return new Used(nanos + other.nanos, userTicks + other.userTicks, systemTicks + other.systemTicks);
        }

        Used minus(Used other) {
            return new Used(nanos - other.nanos, userTicks - other.userTicks, systemTicks - other.systemTicks);
        }

        double systemShare() {
            return (double) systemTicks / Math.max(1, userTicks + systemTicks);
        }
    }

    private static final Used NOTHING = new Used(0, 0, 0);

    private final Map<Thread, Used> used;

    private CpuShares(Map<Thread, Used> used) {
        this.used = used;
    }

    /** What these processes, named by what they are here, have used since they started. */
    public static CpuShares now(Map<String, List<Long>> processes) throws IOException {
        Map<Thread, Used> used = new HashMap<>();
        for (Map.Entry<String, List<Long>> role : processes.entrySet()) {
            for (long pid : role.getValue()) {
                add(used, role.getKey(), pid);
            }
        }
        return new CpuShares(used);
    }

    private static void add(Map<Thread, Used> used, String role, long pid) throws IOException {
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                String stat = Files.readString(task.resolve("stat"));
                int nameEnd = stat.lastIndexOf(')');
                String[] columns = stat.substring(nameEnd + 2).split(" ");
                String runTime = Files.readString(task.resolve("schedstat")).split(" ")[0];
                used.put(new Thread(role, stat.substring(stat.indexOf('(') + 1, nameEnd),
                        Long.parseLong(task.getFileName().toString())), new Used(Long.parseLong(runTime),
                        Long.parseLong(columns[USER_TICKS]), Long.parseLong(columns[SYSTEM_TICKS])));
            }
        } catch (NoSuchFileException e) {
            // A thread that ended meanwhile: what it did is missing.
        }
    }

    /** How long just-in-time compilers have worked since then: they take the CPUs from what is measured. */
    public long compilingNanosSince(CpuShares before) {
        return used.entrySet().stream().filter(each -> COMPILERS.contains(each.getKey().name))
                .mapToLong(each -> each.getValue().nanos - before.used.getOrDefault(each.getKey(), NOTHING).nanos).sum();
    }

    /** One line a role and one a thread that took more than a little, in microseconds for each of so many requests or entries. */
    public String since(CpuShares before, long requests) {
        Map<String, Used> roles = new TreeMap<>();
        Map<String, Map<String, Used>> threads = new HashMap<>();
        used.forEach((thread, total) -> {
            Used spent = total.minus(before.used.getOrDefault(thread, NOTHING));
            roles.merge(thread.role, spent, Used::plus);
            threads.computeIfAbsent(thread.role, role -> new TreeMap<>()).merge(thread.name, spent, Used::plus);
        });
        StringBuilder text = new StringBuilder();
        roles.forEach((role, spent) -> {
            line(text, "    ", role, spent, requests);
            threads.get(role).forEach((name, one) -> {
                if (one.nanos / 1e3 / requests >= SHOWN_MICROS) {
                    line(text, "      ", name, one, requests);
                }
            });
        });
        return text.toString();
    }

    private static void line(StringBuilder text, String indent, String name, Used spent, long requests) {
        text.append(String.format(Locale.ROOT, "%-26s %7.2f us each, %3.0f %% of it in the kernel%n", indent + name,
                spent.nanos / 1e3 / requests, 100 * spent.systemShare()));
    }
}
