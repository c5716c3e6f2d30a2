package io.holdfast.cli.inspect.stats;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import org.HdrHistogram.Histogram;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Stateless: draws latencies over time, with the rate of packets on the right; both axes are logarithmic. */
final class StatsPlot {
    private static final String SVG = ".svg";
    private static final String PNG = ".png";
    private static final int LEFT = 0;
    private static final int RIGHT = 1;

    private StatsPlot() {
    }

    static boolean canWrite(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(SVG) || name.endsWith(PNG);
    }

    /** @param named whose ending says what is drawn */
    static void write(GateReading reading, Path named, Path to) throws IOException {
        System.setProperty("java.awt.headless", "true"); // there is no screen where journals are
        XYChart chart = chart(reading);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to))) {
            if (named.toString().toLowerCase(Locale.ROOT).endsWith(SVG)) {
                VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
            } else {
                BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
            }
        }
    }

    private static XYChart chart(GateReading reading) {
        XYChart chart = new XYChartBuilder().width(1200).height(600).title("How long packets waited at the gate").xAxisTitle("UTC")
                .yAxisTitle("microseconds").build();
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler().setYAxisLogarithmic(true).setTimezone(TimeZone.getTimeZone("UTC"));
        chart.setYAxisGroupTitle(RIGHT, "packets a second");
        chart.getStyler().setYAxisGroupPosition(RIGHT, Styler.YAxisPosition.Right);
        List<Window> measured = new ArrayList<>();
        reading.windows().forEach(each -> {
            if (each.captureToCommit().getTotalCount() > 0) {
                measured.add(each);
            }
        });
        if (!measured.isEmpty()) {
            latency(chart, "capture to commit", measured, measured.stream().map(Window::captureToCommit).toList());
            latency(chart, "commit to release", measured, measured.stream().map(Window::commitToRelease).toList());
        }
        List<Window> all = new ArrayList<>();
        reading.windows().forEach(all::add);
        if (!all.isEmpty()) {
            line(chart, "packets a second", all, all.stream().map(each -> Math.max(1, each.packetsPerSecond())).toList(), RIGHT);
        }
        return chart;
    }

    private static void latency(XYChart chart, String name, List<Window> windows, List<Histogram> histograms) {
        for (double percentile : new double[] {50, 99}) {
            line(chart, name + " p" + (int) percentile, windows, histograms.stream()
                    .map(each -> Math.max(1, each.getValueAtPercentile(percentile)) / 1_000.0).toList(), LEFT);
        }
    }

    private static void line(XYChart chart, String name, List<Window> windows, List<Double> values, int axis) {
        List<Date> at = windows.stream().map(each -> new Date(each.startEpochNanos() / 1_000_000)).toList();
        chart.addSeries(name, at, values).setMarker(windows.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE).setYAxisGroup(axis);
    }
}
