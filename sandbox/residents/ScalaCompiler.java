import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import scala.collection.Iterator;
import scala.collection.immutable.Nil$;
import scala.reflect.internal.util.BatchSourceFile;
import scala.reflect.internal.util.SourceFile;
import scala.reflect.io.AbstractFile;
import scala.reflect.io.VirtualDirectory;
import scala.reflect.io.VirtualFile;
import scala.tools.nsc.Global;
import scala.tools.nsc.Settings;
import scala.tools.nsc.reporters.ConsoleReporter;

/** Compiles sources that come through the standard input, in one process that stays. */
public final class ScalaCompiler {
    private static final String NAME = "program";

    private final StringWriter said = new StringWriter();
    private final Map<String, byte[]> made = new LinkedHashMap<>();

    /** Compiles a source by a compiler of its own, which knows nothing of those before it. */
    private boolean compile(String text) throws IOException {
        said.getBuffer().setLength(0);
        made.clear();
        Settings settings = new Settings();
        // Else its class path is this directory, in which each folder is a package.
        settings.classpath().value_$eq(System.getProperty("java.class.path"));
        VirtualDirectory classes = new VirtualDirectory("classes", scala.Option.empty());
        settings.outputDirs().setSingleOutput(classes);
        ConsoleReporter reporter =
                new ConsoleReporter(
                        settings,
                        new BufferedReader(Reader.nullReader()),
                        new PrintWriter(said, true));
        Global global = new Global(settings, reporter);
        AbstractFile file = new VirtualFile(NAME + ".scala");
        SourceFile source = new BatchSourceFile(file, text.toCharArray());
        global.new Run().compileSources(Nil$.MODULE$.$colon$colon(source));
        reporter.printSummary();
        boolean failed = reporter.hasErrors();
        if (!failed) {
            take(classes, "");
        }
        return !failed;
    }

    private void take(AbstractFile folder, String prefix) throws IOException {
        for (Iterator<AbstractFile> each = folder.iterator(); each.hasNext(); ) {
            AbstractFile file = each.next();
            if (file.isDirectory()) {
                take(file, prefix + file.name() + "/");
            } else {
                made.put(prefix + file.name(), ((VirtualFile) file).toByteArray());
            }
        }
    }

    private static void write(DataOutputStream answers, byte[] bytes) throws IOException {
        answers.writeInt(bytes.length);
        answers.write(bytes);
    }

    public static void main(String[] options) throws IOException {
        DataInputStream sources = new DataInputStream(new FileInputStream(FileDescriptor.in));
        DataOutputStream answers =
                new DataOutputStream(
                        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)));
        ScalaCompiler compiler = new ScalaCompiler();
        if (!compiler.compile("object Main { def main(a: Array[String]): Unit = println(1) }")) {
            throw new IllegalStateException(compiler.said.toString());
        }
        answers.writeByte('+');
        answers.flush();
        while (true) {
            String text = new String(sources.readNBytes(sources.readInt()), UTF_8);
            answers.writeByte(compiler.compile(text) ? '+' : '-');
            write(answers, NAME.getBytes(UTF_8));
            write(answers, compiler.said.toString().getBytes(UTF_8));
            answers.writeInt(compiler.made.size());
            for (Map.Entry<String, byte[]> each : compiler.made.entrySet()) {
                write(answers, each.getKey().getBytes(UTF_8));
                write(answers, each.getValue());
            }
            answers.flush();
        }
    }
}
