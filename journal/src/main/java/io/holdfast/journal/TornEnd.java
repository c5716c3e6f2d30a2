package io.holdfast.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the opening thread, under the journal's lock: cuts off what a power cut left behind the last record that can be
 * read in order, and closes the file there, so that the next record begins another one.
 *
 * <p>The kernel writes pages back in any order, so behind a page that was lost later ones may be there. What was forced is
 * there as a whole: the search passes all of it, and so keeps whatever was acknowledged with {@link Durability#DISK}, however
 * old the mark is. A document of several records is kept as a whole or not at all: it was written and forced as a whole. A
 * hole in front of the mark is no power cut's doing, and is refused. The file is closed even when nothing
 * is torn, since Chronicle's tables in it may be older than its records.
 */
final class TornEnd {
    private static final Logger LOG = LoggerFactory.getLogger(TornEnd.class);

    private final StableStorage storage;
    private final Path dir;
    private final Floor floor;
    private final ForcedMark mark;
    private final CycleFiles files;
    private final JournalEntry entry = new JournalEntry();
    /** The file with the last record kept, -1 for none; where its end is, and its last document. */
    private int kept = -1;
    private long endBytes;
    private long lastDocument;
    private long lastIndex;
    /** The file in which the search ended, and why when it is not plainly the end. */
    private int stopped;
    private String problem;
    private long lostRecords;
    private long lostIndex;

    private TornEnd(StableStorage storage, Path dir, Floor floor, ForcedMark mark) {
        this.storage = storage;
        this.dir = dir;
        this.floor = floor;
        this.mark = mark;
        this.files = CycleFiles.list(dir, floor.start().cycle());
        this.lastIndex = floor.start().index();
    }

    static void cut(StableStorage storage, Path dir, Floor floor, ForcedMark mark) throws IOException {
        TornEnd end = new TornEnd(storage, dir, floor, mark);
        try {
            end.find();
            end.refuseRot();
            end.countLost();
            end.cutOff();
        } finally {
            end.files.retireBefore(Integer.MAX_VALUE);
        }
    }

    private void find() throws IOException {
        int chain = floor.start().chain();
        for (stopped = 0; stopped < files.count(); stopped++) {
            CycleFile file = files.get(stopped);
            RecordScan scan = new RecordScan(file, Files.size(file.path()));
            boolean any = false;
            RecordScan.Found found;
            while ((found = scan.next(entry)) == RecordScan.Found.RECORD && entry.previousChain() == chain) {
                chain = entry.chain();
                if (!entry.more()) {
                    kept = stopped;
                    lastDocument = scan.document();
                    lastIndex = entry.kind() == EntryKind.TAIL_CUT ? entry.index() - 1 : entry.index();
                    any = true;
                }
            }
            if (any) {
                endBytes = found == RecordScan.Found.END || found == RecordScan.Found.BROKEN ? scan.offsetBytes() : scan.document();
            }
            if (found == RecordScan.Found.RECORD) {
                problem = "a record of index " + entry.index() + " that does not chain to the one before";
            } else if (found != RecordScan.Found.END) {
                problem = scan.problem();
            }
            if (found != RecordScan.Found.END || !any) {
                return;
            }
        }
    }

    private void refuseRot() {
        int cycle = kept < 0 ? floor.start().cycle() : files.get(kept).cycle();
        if (mark.isBeyond(cycle, endBytes)) {
            CycleFile file = stopped < files.count() ? files.get(stopped) : kept < 0 ? null : files.get(kept);
            boolean inKept = file != null && kept >= 0 && file == files.get(kept);
            throw new JournalException(file == null ? dir : file.path(), inKept ? endBytes : file == null ? -1 : 0,
                    "the records in order end here with index " + lastIndex + (problem == null ? "" : " (" + problem + ")")
                            + ", but the journal was on stable storage up to " + mark.place(dir)
                            + ": that is damage, not the end that a power cut tears");
        }
    }

    /** What can still be read behind the cut, for the log. */
    private void countLost() throws IOException {
        for (int i = Math.max(kept, 0); i < files.count(); i++) {
            CycleFile file = files.get(i);
            RecordScan rest = new RecordScan(file, Files.size(file.path()), i == kept ? endBytes : 0);
            while (rest.resync(entry)) {
                while (rest.next(entry) == RecordScan.Found.RECORD) {
                    lostRecords++;
                    lostIndex = Math.max(lostIndex, entry.index());
                }
            }
        }
    }

    private void cutOff() throws IOException {
        for (int i = files.count() - 1; i > kept; i--) {
            storage.delete(files.get(i).path());
        }
        long bytes = kept < 0 ? 0 : close(files.get(kept));
        storage.forceDirectory(dir);
        int deleted = files.count() - 1 - kept;
        String place = kept < 0 ? "from the beginning on" : "from " + files.get(kept).path().getFileName() + " byte " + endBytes + " on";
        if (bytes == 0 && deleted == 0) {
            LOG.info("Journal {}: the kernel ended while it was open; the end is whole, entry {}", dir, lastIndex);
        } else {
            LOG.warn("Journal {}: the kernel ended while it was open, and the end is torn. Cut off behind entry {}, {}: {} bytes, {}"
                    + " files; {} whole records were among them, up to index {}. What was certainly forced, up to {}, is there",
                    dir, lastIndex, place, bytes, deleted, lostRecords, lostIndex, mark.place(dir));
        }
    }

    /** Returns how many bytes were cut off. */
    private long close(CycleFile file) throws IOException {
        try (ForcedFile forced = new ForcedFile(storage, file.path())) {
            boolean ended = file.header(endBytes) == CycleFile.END_OF_FILE;
            long behind = forced.wipe(ended ? endBytes + CycleFile.HEADER_BYTES : endBytes, forced.length());
            forced.store(endBytes, CycleFile.END_OF_FILE);
            if (file.writePosition() > lastDocument) {
                forced.store(CycleFile.WRITE_POSITION_OFFSET, (int) lastDocument);
                forced.store(CycleFile.WRITE_POSITION_OFFSET + Integer.BYTES, (int) (lastDocument >>> Integer.SIZE));
            }
            forced.force();
            return Math.max(0, behind - endBytes);
        }
    }
}
