# A member moved a message to Junk.
require ["copy", "vnd.dovecot.pipe"];
pipe :copy :try "hameau-words" ["/srv/essai/mail", "62010", "spam"];
