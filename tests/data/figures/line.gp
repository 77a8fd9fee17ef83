set terminal svg size 567,648 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.12041, screen 0.96237, screen 0.53872, screen 0.91973
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 3 'test_loss' at screen 0.01999,0.72923 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [8.827029962906549:725.0456865893111]
set xtics ('10' 10, '20' 20, '40' 40, '80' 80, '160' 160, '320' 320, '640' 640) noenhanced
set logscale y
set yrange [0.0013790170791188557:0.11387186741757944]
set ytics ('10^{-2}' 0.01, '10^{-1}' 0.1, '' 0.002 1, '' 0.003 1, '' 0.004 1, '' 0.005 1, '' 0.006 1, '' 0.007 1, '' 0.008 1, '' 0.009 1, '' 0.02 1, '' 0.03 1, '' 0.04 1, '' 0.05 1, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1) enhanced
unset colorbox
set label 100 'noise.exponent' at screen 0.12041,0.97721 left noenhanced textcolor rgb '#222222'
set key at screen 0.12041,0.96192 left top Left reverse horizontal maxcols 2 noenhanced noautotitle samplen 1.6 spacing 1.1 textcolor rgb '#222222'
set label 101 'median of 6 networks; band: 95 % interval (order statistics)' at screen 0.01881,0.01519 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
10 0.10025 0.1 0.1005
20 0.050125 0.05 0.05025
40 0.0250625 0.025 0.025125
80 0.01253125 0.0125 0.0125625
160 0.006265625 0.00625 0.00628125
320 0.0031328125 0.003125 0.003140625
640 0.00156640625 0.0015625 0.0015703125
EOD
$series1_2 << EOD
10 0.10025 0.1 0.1005
20 0.050125 0.05 0.05025
40 0.0250625 0.025 0.025125
80 0.01253125 0.0125 0.0125625
160 0.006265625 0.00625 0.00628125
320 0.0031328125 0.003125 0.003140625
640 0.00156640625 0.0015625 0.0015703125
EOD
plot $series1_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series1_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series1_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     keyentry with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4 title '0', \
     keyentry with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4 title '2'
reset
set margins screen 0.12041, screen 0.96237, screen 0.10420, screen 0.48521
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 2 'task.train_samples' at screen 0.54139,0.05069 center noenhanced textcolor rgb '#222222'
set label 3 'gap_live_layer1' at screen 0.01999,0.29471 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [8.827029962906549:725.0456865893111]
set xtics ('10' 10, '20' 20, '40' 40, '80' 80, '160' 160, '320' 320, '640' 640) noenhanced
set yrange [0:0.7]
set ytics ('0' -0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6) noenhanced
unset colorbox
$series2_1 << EOD
10 0.0994420820856679 0.09002420942602984 0.10993018504848551
20 0.09967948971462426 0.09132972139149897 0.10951495751884144
40 0.10539295725711328 0.09693234549645346 0.11460659622095093
80 0.1831599926165462 0.17253534026488992 0.19215787141512553
160 0.4791445338696436 0.4700374549490395 0.48979993125147225
320 0.5909292611961316 0.5804236832314625 0.6003031685647235
640 0.6000894598526281 0.5911141560250046 0.608362324048142
EOD
$series2_2 << EOD
10 0.09980347560569619 0.09038560294605813 0.1102915785685139
20 0.10539154567866887 0.09704177735554353 0.115227013482886
40 0.18176962308562727 0.17330901132496734 0.19098326204946492
80 0.4805077242693958 0.4698830719177396 0.4895056030679752
160 0.5896266213786746 0.5805195424580705 0.6002820187605031
320 0.6000079971311592 0.58950241916649 0.609381904499751
640 0.6006680571251487 0.5916927532975252 0.6089409213206626
EOD
plot $series2_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series2_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series2_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4
unset multiplot
