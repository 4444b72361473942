import java.io.File;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.jar.JarFile;

/**
 * Adds the libraries of DynamoDB Local to the class path. LocalStack starts it by `-jar`, which leaves
 * no other class path, and always with an agent, which is this.
 */
public final class Libraries {
  public static void premain(String argument, Instrumentation instrumentation) throws Exception {
    File jar = new File(Libraries.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    File folder = new File(jar.getParentFile(), "DynamoDBLocal_lib");
    File[] libraries = folder.listFiles((parent, name) -> name.endsWith(".jar"));
    if (libraries == null) throw new IOException(folder + " cannot be read");
    for (File library : libraries) {
      instrumentation.appendToSystemClassLoaderSearch(new JarFile(library));
    }
  }
}
