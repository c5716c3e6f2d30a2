package io.holdfast.cli.status;

import io.holdfast.cli.status.NodeStatus.MemberStatus;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import io.holdfast.cli.status.NodeStatus.TakeoverStatus;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Prints the state of a cluster for people: a table a service, a row a node. Has no state. */
final class StatusTable {

    private static final List<String> HEADER = List.of("NODE", "ROLE", "STATE", "TERM", "COMMITTED", "APPLIED", "LAG",
            "JOURNAL", "VIP", "LEASE", "WORKLOAD", "CHECKPOINT", "CONNECTIONS");

    private StatusTable() {
    }

    static void print(List<ClusterQuestion.Answer> answers, PrintWriter out) {
        Set<String> services = new TreeSet<>();
        answers.stream().filter(ClusterQuestion.Answer::reached)
                .forEach(answer -> answer.status().services().forEach(service -> services.add(service.name())));
        if (services.isEmpty()) {
            services.add("(no service known)");
        }
        answers.stream().filter(ClusterQuestion.Answer::reached).map(ClusterQuestion.Answer::status)
                .filter(status -> status.traffic() != null && status.traffic().startsWith("OPEN"))
                .forEach(status -> out.println("WARNING: " + status.node() + "'s cluster traffic is " + status.traffic()
                        + " (security: none)"));
        answers.stream().filter(ClusterQuestion.Answer::reached).map(ClusterQuestion.Answer::status)
                .forEach(status -> printRefused(status.node() + "'s admin endpoint", status.refused(), out));
        for (String service : services) {
            out.println("service " + service);
            printService(service, answers, out);
        }
        out.flush();
    }

    private static void printService(String service, List<ClusterQuestion.Answer> answers, PrintWriter out) {
        long head = answers.stream().map(answer -> serviceOf(answer, service)).filter(java.util.Objects::nonNull)
                .mapToLong(ServiceStatus::committedIndex).max().orElse(0);
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        for (ClusterQuestion.Answer answer : answers) {
            ServiceStatus status = serviceOf(answer, service);
            if (status != null) {
                rows.add(row(answer.status().node(), status, head));
            } else {
                rows.add(List.of(answer.name(), answer.reached() ? "does not run it"
                        : "unreachable: " + answer.failure()));
            }
        }
        align(rows, out);
        answers.stream().map(answer -> serviceOf(answer, service))
                .filter(status -> status != null && status.primary())
                .forEach(status -> printDetails(status, out));
        answers.stream().filter(answer -> serviceOf(answer, service) != null)
                .forEach(answer -> printRefused(answer.status().node() + "'s group port", serviceOf(answer, service).refused(), out));
        answers.stream().filter(answer -> serviceOf(answer, service) != null
                && serviceOf(answer, service).message() != null)
                .forEach(answer -> out.println("  " + answer.status().node() + " says: "
                        + serviceOf(answer, service).message()));
    }

    /** Strangers are no failure of the service; a member that is refused is one. */
    private static void printRefused(String port, NodeStatus.Refused refused, PrintWriter out) {
        if (refused != null && refused.count() > 0) {
            out.println("  " + port + " refused " + refused.count() + " connections, the last from " + refused.last() + " at "
                    + Instant.ofEpochMilli(refused.epochMillis()) + ": " + refused.reason());
        }
    }

    private static List<String> row(String node, ServiceStatus status, long head) {
        return List.of(node, orDash(status.role()), orDash(status.state()), Long.toString(status.term()),
                Long.toString(status.committedIndex()), Long.toString(status.appliedIndex()),
                Long.toString(Math.max(0, head - status.lastIndex())), journal(status.journal()), status.vipHeld() ? status.vip() : "-",
                status.leaseHeld() ? "held" : "-",
                status.workload() == null ? "-" : orDash(status.workload().state()),
                checkpoint(status), Integer.toString(status.connections()));
    }

    /** From which entry on it is there, and how much of its bound it takes. */
    private static String journal(NodeStatus.JournalStatus journal) {
        return journal == null || journal.maxBytes() == 0 ? "-" : String.format(Locale.ROOT, "from %d, %.0f of %.0f MiB",
                Math.max(journal.firstIndex(), journal.floorIndex() + 1), journal.bytes() / 1048576.0,
                journal.maxBytes() / 1048576.0);
    }

    private static String checkpoint(ServiceStatus status) {
        if (status.checkpointIndex() == 0) {
            return "-";
        }
        return String.format(Locale.ROOT, "@%d %.1f s%s", status.checkpointIndex(),
                status.checkpoint().ageMs() / 1000.0, status.checkpoint().held() ? "" : " (not held)");
    }

    private static void printDetails(ServiceStatus status, PrintWriter out) {
        if (!status.members().isEmpty()) {
            out.println("  " + status.leader() + " sees: " + status.members().stream().map(StatusTable::member)
                    .collect(Collectors.joining(", ")));
        }
        if (status.leaseLapses() > 0 || status.connectionsClosed() > 0) {
            out.println("  the lease lapsed " + status.leaseLapses() + " times; " + status.connectionsClosed()
                    + " connections closed on purpose");
        }
        TakeoverStatus takeover = status.lastTakeover();
        if (takeover != null) {
            out.println(String.format(Locale.ROOT, "  last takeover: by %s in term %d, %.0f ms: %s", takeover.node(),
                    takeover.term(), takeover.totalMs(), steps(takeover)));
            takeover.details().forEach((step, detail) -> out.println("    " + step + ": " + detail));
        }
    }

    private static String member(MemberStatus member) {
        return member.name() + (member.reachable() ? " at " + member.lastIndex() : " unreachable");
    }

    private static String steps(TakeoverStatus takeover) {
        return takeover.stepsMs().entrySet().stream()
                .map(step -> String.format(Locale.ROOT, "%s %.0f ms", step.getKey(), step.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static ServiceStatus serviceOf(ClusterQuestion.Answer answer, String service) {
        return answer.reached() ? answer.status().service(service) : null;
    }

    /** Columns as wide as their widest cell; a row with fewer cells than the header lets its last run on. */
    private static void align(List<List<String>> rows, PrintWriter out) {
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                if (row.size() == HEADER.size() || column < row.size() - 1) {
                    widths[column] = Math.max(widths[column], row.get(column).length());
                }
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder("  ");
            for (int column = 0; column < row.size(); column++) {
                line.append(String.format("%-" + widths[column] + "s  ", row.get(column)));
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private static String orDash(String text) {
        return text == null || text.isEmpty() ? "-" : text;
    }
}
