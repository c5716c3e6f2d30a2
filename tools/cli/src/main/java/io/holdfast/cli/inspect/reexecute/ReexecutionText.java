package io.holdfast.cli.inspect.reexecute;

import io.holdfast.restore.checkpoint.CheckpointSections;
import java.io.PrintWriter;

/** A report for people. Has no state. */
final class ReexecutionText {
    private ReexecutionText() {
    }

    static void print(ReexecutionReport report, CheckpointSections.Place place, PrintWriter out) {
        out.printf("service %s, checkpoint %d, entries to %d: %d packets in %.3f s%n", report.service(), report.markIndex(),
                report.lastIndex(), report.entries(), report.tookMicros() / 1e6);
        out.printf("workload    %s%n", String.join(" ", place.command()));
        out.printf("packets     %d waited for the workload, %d acknowledgements cut, %d of connections it does not have%n",
                report.held(), report.clamped(), report.skipped());
        if (report.unread() > 0) {
            out.printf("order       the workload did not read in time %d times; order between connections is not certain%n",
                    report.unread());
        }
        if (!report.settled()) {
            out.println("end         the workload went on sending by itself");
        }
        out.println();
        out.printf("%-46s %8s %12s  %-16s %10s  %s%n", "connection", "SYN", "acknowledged", "SHA-256", "beyond", "");
        for (ReexecutionReport.Answers each : report.connections()) {
            out.printf("%-46s %8d %12d  %-16s %10d  %s%n", each.connection(), each.synIndex(), each.acknowledgedBytes(),
                    each.acknowledgedSha256().substring(0, 16), each.producedBytes() - each.acknowledgedBytes(),
                    remark(report, each));
        }
        out.println();
        out.println("all acknowledged answers  " + report.sha256());
        out.println(report.agrees() ? "The workload answered all that clients acknowledge."
                : "PARTED: clients acknowledge answers that the workload did not give this time.");
    }

    private static String remark(ReexecutionReport report, ReexecutionReport.Answers each) {
        StringBuilder remark = new StringBuilder();
        if (each.parting() != null) {
            remark.append("PARTS at byte ").append(each.parting().atByte()).append(": entry ").append(each.parting().entry())
                    .append(" acknowledges ").append(each.parting().missingBytes()).append(" more; ");
        }
        if (each.missingBytes() > 0) {
            remark.append(each.missingBytes()).append(" bytes lost in the loopback; ");
        }
        if (report.closed().containsKey(each.connection())) {
            remark.append("closed on purpose, ").append(report.closed().get(each.connection())).append("; ");
        }
        remark.append(each.reset() ? "reset" : each.finished() ? "closed" : "open");
        return remark.toString();
    }
}
