package io.holdfast.consensus;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;

public final class BenchMain {
    public static void main(String[] a) throws Exception {
        System.setProperty("bench", "true");
        Path dir = Files.createTempDirectory("hfbench");
        try (ProcessCluster c = new ProcessCluster(3, dir, Integer.getInteger("timeout", 120))) {
            c.startAll();
            Map<ProcessCluster.Child, Integer> from = new LinkedHashMap<>();
            c.running().forEach(x -> from.put(x, 0));
            ProcessCluster.Child leader = c.awaitLeader(from, 20000);
            System.out.println(leader.ask("bench 20000 240 1", "bench"));
            for (String s : (a.length > 0 ? new String[0] : System.getProperty("runs", "20000 240 1,20000 1400 1,100000 240 16,300000 240 1024,100000 1400 256").split(","))) {
                System.out.println(leader.ask("bench " + s, "bench"));
            }
            if (a.length > 0) {
            List<Long> kills = new ArrayList<>(), elect = new ArrayList<>();
            for (int i = 0; i < Integer.parseInt(a[0]); i++) {
                var others = c.others(leader);
                var said = c.saidSoFar(others);
                long t = System.nanoTime();
                String sig = a[1];
                leader.signal(sig);
                ProcessCluster.Child next = c.awaitLeader(said, 10000);
                String line = next.await(said.get(next), l -> l.startsWith("leader "), 1000);
                String[] w = line.split(" ");
                kills.add((Long.parseLong(w[2]) - t) / 1000);
                elect.add((Long.parseLong(w[3]) - t) / 1000);
                System.out.println("bound minus kill us " + (Long.parseLong(w[4]) - t) / 1000);
                if (sig.equals("KILL")) { leader.process.waitFor(); c.start(leader.name); } else { leader.signal("CONT"); }
                Thread.sleep(1500);
                leader = next;
            }
            System.out.println("elected " + elect);
            Collections.sort(kills);
            System.out.println("to onLeader us " + kills);
            }
        }
    }
}
