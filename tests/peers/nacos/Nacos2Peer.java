import com.alibaba.nacos.core.code.ControllerMethodsCache;
import org.springframework.boot.Banner;
import org.springframework.boot.actuate.autoconfigure.security.servlet.ManagementWebSecurityAutoConfiguration;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.security.servlet.SecurityAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.ServletComponentScan;
import org.springframework.scheduling.annotation.EnableScheduling;

/**
 * Starts a Nacos 2 server. Its main class, the rules of Spring Security and the list of controllers were in
 * the console.
 */
@SpringBootApplication(scanBasePackages = "com.alibaba.nacos",
        exclude = {SecurityAutoConfiguration.class, ManagementWebSecurityAutoConfiguration.class})
@ServletComponentScan("com.alibaba.nacos")
@EnableScheduling
public class Nacos2Peer {
    public static void main(String[] args) {
        var context = new SpringApplicationBuilder(Nacos2Peer.class).bannerMode(Banner.Mode.OFF).run(args);
        // A filter answers 501 to requests of controllers that are not in this cache.
        var methods = context.getBean(ControllerMethodsCache.class);
        for (String module : new String[] {"core.controller", "naming.controllers", "config.server.controller"}) {
            methods.initClassMethod("com.alibaba.nacos." + module);
        }
        System.out.println("NACOS READY");
    }
}
